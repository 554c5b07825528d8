"""The data objects of the contract."""

from __future__ import annotations

from tests.conformance.shape import OneOf, Value, one_of

ERROR = {"message": "string", "error": "string", "errors?": ["string"]}
SUCCESS = {"success": Value(True)}

MEDIA_ASSET = {
    "id": "uuid",
    "originalFilename": "string",
    "createdAt": "timestamp",
    "displayFilename": "string",
    "filePath": "string",
}

EXIF = {
    **dict.fromkeys(
        (
            "camera?",
            "lens?",
            "aperture?",
            "shutter?",
            "shutterSpeed?",
            "iso?",
            "focalLength?",
            "software?",
            "flash?",
            "whiteBalance?",
            "exposureMode?",
            "meteringMode?",
            "sceneType?",
            "colorSpace?",
            "orientation?",
            "xResolution?",
            "yResolution?",
            "resolutionUnit?",
        ),
        "string",
    ),
    **dict.fromkeys(("dateTimeOriginal?", "createDate?", "modifyDate?", "dateTime?"), "wallclock"),
    "gpsLatitude?": "number",
    "gpsLongitude?": "number",
    "imageWidth?": "int",
    "imageHeight?": "int",
    # what is added must not hurt a client that prints every key
    "*": OneOf(("string", "number")),
}

AI = {
    "aiTags?": ["string"],
    "shortDescription?": "string",
    "longDescription?": "string",
    "detectedObjects?": [{"name": "string", "confidence": "number", "boundingBox?": ["number"]}],
    "detectedFaces?": ["any"],
    "detectedPeople?": [{"name": "string", "age?": "int", "confidence": "number"}],
    "detectedEvents?": [{"eventType": "string", "eventName": "string", "confidence": "number"}],
    "placeName?": "string",
    "gpsCoordinates?": {"latitude": "number", "longitude": "number"},
    "perceptualHash?": "string",
    "aiConfidenceScores?": {"*": "number"},
    "*": "any",
}

METADATA = {
    "exif?": EXIF,
    "ai?": AI,
    "faceDetection?": {
        "attempted": "bool",
        "timestamp": "timestamp",
        "method?": "string?",
        "failed": "bool",
        "error?": "string?",
    },
    "faceDetectionErrors?": ["string"],
    "*": "any",
}

DETECTED_FACE = {"id": "uuid", "boundingBox": ["int"], "confidence": "int", "personId": "uuid?"}

VERSION = {
    "id": "uuid",
    "mediaAssetId": "uuid",
    "tier": one_of("bronze", "silver", "gold"),
    "filePath": "string",
    "fileHash": "md5",
    "fileSize": "int",
    "mimeType": "string",
    "metadata": OneOf((Value(None), METADATA)),
    "isReviewed": "bool?",
    "rating": "int?",
    "keywords": OneOf((Value(None), ["string"])),
    "location": "string?",
    "eventType": "string?",
    "eventName": "string?",
    "perceptualHash": "bits?",
    "aiShortDescription": "string?",
    "processingState": "string?",
    "createdAt": "timestamp",
    "isFavorite": "bool",
    "capturedAt?": "wallclock",
    "gpsLatitude?": "degrees",
    "gpsLongitude?": "degrees",
    "detectedFaces?": [DETECTED_FACE],
}

PHOTO = {**VERSION, "mediaAsset": MEDIA_ASSET}
LISTED_PHOTO = {**PHOTO, "isSuperseded?": Value(False)}

HISTORY = {
    "id": "uuid",
    "mediaAssetId": "uuid",
    "action": "string",
    "details": "string?",
    "timestamp": "timestamp",
}

PERSON = {
    "id": "uuid",
    "name": "string",
    "notes": "string?",
    "birthdate": "timestamp?",
    "faceCount": "int?",
    "representativeFace": "string?",
    "selectedThumbnailFaceId": "uuid?",
    "createdAt": "timestamp",
    "isLocalOnly": "bool",  # added
}
LISTED_PERSON = {**PERSON, "faceCount": "int", "photoCount": "int", "coverPhoto": "string?"}

RELATIONSHIP = {
    "id": "uuid",
    "person1Id": "uuid",
    "person2Id": "uuid",
    "relationshipType": one_of("spouse", "partner", "sibling", "parent", "child", "friend", "relative"),
    "notes": "string?",
    "createdAt": "timestamp",
    "person1?": PERSON,
    "person2?": PERSON,
}

FACE = {
    "id": "uuid",
    "photoId": "uuid",
    "personId": "uuid?",
    "boundingBox": ["int"],
    "confidence": "int",
    "ignored": "bool",
    "createdAt": "timestamp",
    "faceCropUrl?": "string?",
    "faceCrop?": "string?",
}
FACE_OF_PHOTO = {**FACE, "person?": PERSON, "faceCropUrl": "string?", "ageInPhoto?": "int?"}
LISTED_FACE = {**FACE, "faceCropUrl": "string", "faceCrop": "string", "photo": PHOTO, "ageInPhoto?": "int?"}

COLLECTION = {
    "id": "uuid",
    "name": "string",
    "description": "string?",
    "isPublic": "bool?",
    "coverPhoto": "string?",
    "isSmartCollection": "bool?",
    "smartRules": "any?",
    "createdAt": "timestamp",
    "updatedAt": "timestamp",
}
LISTED_COLLECTION = {**COLLECTION, "photoCount": "int"}
SMART_COLLECTION = {
    **COLLECTION,
    "type": one_of("auto", "manual"),
    "rules": "any",
    "photoCount": "int",
    "isActive": "bool",
    "lastUpdated": "timestamp",
    "icon": "string?",
    "color": "string?",
}

SETTING = {
    "id": "uuid",
    "key": "string",
    "value": "string",
    "category": "string",
    "description": "string?",
    "createdAt": "timestamp",
    "updatedAt": "timestamp",
}

PROMPT = {
    "id": "string",
    "name": "string",
    "description": "string?",
    "category": one_of("analysis", "naming", "description"),
    "provider": one_of("openai", "ollama", "both"),
    "systemPrompt": "string",
    "userPrompt": "string",
    "isDefault": "bool?",
    "isActive": "bool?",
    "createdAt": "timestamp",
    "updatedAt": "timestamp",
}

EVENT = {
    "id": "uuid",
    "name": "string",
    "type": one_of("holiday", "birthday", "custom"),
    "date": "timestamp",
    "isRecurring": "bool?",
    "recurringType": "string?",
    "country": "string?",
    "region": "string?",
    "personId": "uuid?",
    "isEnabled": "bool?",
    "description": "string?",
    "createdAt": "timestamp",
}
EVENT_MATCH = {
    "eventId": "string",
    "eventName": "string",
    "eventType": "string",
    "confidence": "int",
    "personId?": "uuid",
    "personName?": "string",
    "age?": "int",
}

LOCATION = {
    "id": "uuid",
    "name": "string",
    "description": "string?",
    "latitude": "string",
    "longitude": "string",
    "radius": "int?",
    "isUserDefined": "bool?",
    "photoCount": "int?",
    "placeName": "string?",
    "placeType": "string?",
    "createdAt": "timestamp",
    "updatedAt": "timestamp",
}
HOTSPOT = {
    "latitude": "number",
    "longitude": "number",
    "photoCount": "int",
    "photos": [{"id": "uuid", "mediaAsset": MEDIA_ASSET, "metadata": "any?"}],
    "suggestedName?": "string",
}

TAG = {"tag": "string", "usage_count": "int", "created_at": "string", "id?": "uuid"}
STATS = {"totalPhotos": "int", "silverCount": "int", "goldCount": "int", "bronzeCount?": "int"}

AI_CONFIG = {
    "currentProvider": "string",
    "availableProviders": {"ollama": "bool", "openai": "bool"},
    "config": {
        "ollama": {"baseUrl": "string", "visionModel": "string", "textModel": "string"},
        "openai": {"model": "string", "baseUrl": "string", "hasApiKey": "bool"},
    },
}

CONFLICT = {
    "id": "uuid",
    "existingPhoto": {
        "id": "uuid",
        "filePath": "string",
        "tier": "string",
        "fileHash": "md5",
        "perceptualHash": "bits?",
        "metadata": METADATA | {"exif": EXIF | {"dateTaken": "wallclock"}},
        "mediaAsset": {"originalFilename": "string"},
        "createdAt": "timestamp",
        "fileSize": "int",
    },
    "newFile": {
        "tempPath": "string",
        "originalFilename": "string",
        "fileHash": "md5",
        "perceptualHash": "bits?",
        "fileSize": "int",
        "metadata": OneOf((Value(None), METADATA)),
    },
    "conflictType": one_of("identical_md5", "visually_identical", "similar_metadata"),
    "similarity": "number",
    "suggestedAction": one_of("keep_existing", "replace_with_new", "keep_both"),
    "reasoning": "string",
}
UPLOAD_RESULT = {
    "filename": "string",
    "status": one_of("success", "skipped", "conflict", "error"),
    "message?": "string",
    "assetId?": "uuid",
    "versionId?": "uuid",
    "conflicts?": [CONFLICT],
}
UPLOAD_ANSWER = {"results": [UPLOAD_RESULT], "hasConflicts": "bool", "totalConflicts": "int"}

BURST_PHOTO = {
    "id": "uuid",
    "filePath": "string",
    "metadata": "any?",
    "mediaAsset": MEDIA_ASSET,
    "createdAt": "timestamp",
    "fileSize": "int",
    "fileHash": "md5",
    "tier": "string",
    "processingState": "string?",
    "*": "any",
}
BURST_GROUP = {
    "id": "string",
    "photos": [BURST_PHOTO],
    "suggestedBest": "uuid",
    "averageSimilarity": "number",
    "timeSpan": "number",
    "groupReason": "string",
    "*": "any",
}
BURSTS = {"groups": [BURST_GROUP], "totalPhotos": "int", "ungroupedPhotos": [BURST_PHOTO]}

_COUNTS = {"*": "int"}
SEARCH_RESULT = {
    "photos": [PHOTO],
    "totalCount": "int",
    "facets": {
        "tiers": _COUNTS,
        "ratings": _COUNTS,
        "eventTypes": _COUNTS,
        "mimeTypes": _COUNTS,
        "cameras": _COUNTS,
        "keywords": _COUNTS,
        "*": _COUNTS,
    },
}
