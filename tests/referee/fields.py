"""Under which names does exiftool have our fields? By source, the tags in the order in which we look for them."""

from __future__ import annotations

from core.media.precedence import Source


def _exif(*names: str) -> tuple[str, ...]:
    return tuple(f"{group}:{name}" for name in names for group in ("IFD0", "ExifIFD"))


_EXIF = {
    "title": _exif("XPTitle"),
    "description": _exif("ImageDescription", "XPComment", "XPSubject", "UserComment"),
    "creators": _exif("Artist", "XPAuthor"),
    "copyright": _exif("Copyright"),
    "rating": _exif("Rating", "RatingPercent"),
    "keywords": _exif("XPKeywords"),
    "position": ("GPS:GPSLatitude", "GPS:GPSLongitude", "GPS:GPSLatitudeRef", "GPS:GPSLongitudeRef"),
    "altitude": ("GPS:GPSAltitude", "GPS:GPSAltitudeRef"),
    "direction": ("GPS:GPSImgDirection",),
    "gps_time": ("GPS:GPSTimeStamp", "GPS:GPSDateStamp"),
    "taken": _exif("DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal"),
    "digitized": _exif("CreateDate", "SubSecTimeDigitized", "OffsetTimeDigitized"),
    "changed": _exif("ModifyDate", "SubSecTime", "OffsetTime"),
    "make": _exif("Make"),
    "model": _exif("Model"),
    "lens": _exif("LensModel"),
    "software": _exif("Software"),
    "aperture": _exif("FNumber"),
    "exposure_time": _exif("ExposureTime"),
    "exposure_bias": _exif("ExposureCompensation"),
    "iso": _exif("ISO", "RecommendedExposureIndex", "ISOSpeed"),
    "focal_length": _exif("FocalLength"),
    "focal_length_35mm": _exif("FocalLengthIn35mmFormat"),
    "subject_distance": _exif("SubjectDistance"),
    "subject_distance_range": _exif("SubjectDistanceRange"),
    "flash": _exif("Flash"),
    "white_balance": _exif("WhiteBalance"),
    "exposure_mode": _exif("ExposureMode"),
    "metering_mode": _exif("MeteringMode"),
    "scene_type": _exif("SceneCaptureType"),
    "color_space": _exif("ColorSpace"),
    "orientation": _exif("Orientation"),
    "x_resolution": _exif("XResolution"),
    "y_resolution": _exif("YResolution"),
    "resolution_unit": _exif("ResolutionUnit"),
    "width": _exif("ExifImageWidth"),
    "height": _exif("ExifImageHeight"),
    "unique_id": _exif("ImageUniqueID"),
}

_XMP = {
    "title": ("XMP-dc:Title",),
    "description": ("XMP-dc:Description", "XMP-tiff:ImageDescription", "XMP-exif:UserComment"),
    "creators": ("XMP-dc:Creator", "XMP-tiff:Artist"),
    "copyright": ("XMP-dc:Rights", "XMP-tiff:Copyright"),
    "rating": ("XMP-xmp:Rating", "XMP-microsoft:RatingPercent"),
    "label": ("XMP-xmp:Label",),
    "keywords": (
        *("XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "XMP-microsoft:LastKeywordXMP"),
        "XMP-mediapro:CatalogSets",
    ),
    "people": ("XMP-iptcExt:PersonInImage",),
    "regions": ("XMP-mwg-rs:RegionInfo", "XMP-MP:RegionInfoMP"),
    "position": ("XMP-exif:GPSLatitude", "XMP-exif:GPSLongitude"),
    "altitude": ("XMP-exif:GPSAltitude", "XMP-exif:GPSAltitudeRef"),
    "direction": ("XMP-exif:GPSImgDirection",),
    "gps_time": ("XMP-exif:GPSDateTime", "XMP-exif:GPSTimeStamp"),
    "location": ("XMP-iptcCore:Location",),
    "city": ("XMP-photoshop:City",),
    "state": ("XMP-photoshop:State",),
    "country": ("XMP-photoshop:Country",),
    "country_code": ("XMP-iptcCore:CountryCode",),
    "taken": ("XMP-exif:DateTimeOriginal", "XMP-photoshop:DateCreated"),
    "digitized": ("XMP-xmp:CreateDate", "XMP-exif:DateTimeDigitized"),
    "changed": ("XMP-xmp:ModifyDate", "XMP-tiff:DateTime"),
    "make": ("XMP-tiff:Make",),
    "model": ("XMP-tiff:Model",),
    "lens": ("XMP-exifEX:LensModel", "XMP-aux:Lens"),
    "software": ("XMP-xmp:CreatorTool", "XMP-tiff:Software"),
    "aperture": ("XMP-exif:FNumber",),
    "exposure_time": ("XMP-exif:ExposureTime",),
    "exposure_bias": ("XMP-exif:ExposureCompensation",),
    "iso": ("XMP-exif:ISO", "XMP-exifEX:PhotographicSensitivity"),
    "focal_length": ("XMP-exif:FocalLength",),
    "focal_length_35mm": ("XMP-exif:FocalLengthIn35mmFormat",),
    "subject_distance": ("XMP-exif:SubjectDistance",),
    "subject_distance_range": ("XMP-exif:SubjectDistanceRange",),
    "flash": ("XMP-exif:Flash",),
    "white_balance": ("XMP-exif:WhiteBalance",),
    "exposure_mode": ("XMP-exif:ExposureMode",),
    "metering_mode": ("XMP-exif:MeteringMode",),
    "scene_type": ("XMP-exif:SceneCaptureType",),
    "color_space": ("XMP-exif:ColorSpace",),
    "orientation": ("XMP-tiff:Orientation",),
    "x_resolution": ("XMP-tiff:XResolution",),
    "y_resolution": ("XMP-tiff:YResolution",),
    "resolution_unit": ("XMP-tiff:ResolutionUnit",),
    "width": ("XMP-exif:ExifImageWidth", "XMP-tiff:ImageWidth"),
    "height": ("XMP-exif:ExifImageHeight", "XMP-tiff:ImageHeight"),
    "burst_identifier": ("XMP-GCamera:BurstID",),
    "unique_id": ("XMP-exif:ImageUniqueID",),
    "document_id": ("XMP-xmpMM:OriginalDocumentID", "XMP-xmpMM:DocumentID"),
}

_IPTC = {
    "title": ("IPTC:ObjectName",),
    "description": ("IPTC:Caption-Abstract",),
    "creators": ("IPTC:By-line",),
    "copyright": ("IPTC:CopyrightNotice",),
    "keywords": ("IPTC:Keywords",),
    "location": ("IPTC:Sub-location",),
    "city": ("IPTC:City",),
    "state": ("IPTC:Province-State",),
    "country": ("IPTC:Country-PrimaryLocationName",),
    "country_code": ("IPTC:Country-PrimaryLocationCode",),
    "taken": ("IPTC:DateCreated", "IPTC:TimeCreated"),
    "digitized": ("IPTC:DigitalCreationDate", "IPTC:DigitalCreationTime"),
    "software": ("IPTC:OriginatingProgram",),
}

_PNG = {
    "title": ("PNG:Title",),
    "description": ("PNG:Description",),
    "creators": ("PNG:Author",),
    "copyright": ("PNG:Copyright",),
    "software": ("PNG:Software",),
    "taken": ("PNG:CreationTime",),
}

_CONTAINER = {
    "title": ("Keys:Title", "Keys:DisplayName", "ItemList:Title", "UserData:Title"),
    "description": ("Keys:Description", "ItemList:Description", "UserData:Description", "UserData:Information"),
    "creators": ("Keys:Author", "ItemList:Author", "UserData:Author"),
    "copyright": ("Keys:Copyright", "ItemList:Copyright", "UserData:Copyright"),
    "keywords": ("Keys:Keywords", "ItemList:Keywords", "UserData:Keywords"),
    "make": ("Keys:Make", "Keys:AndroidMake", "UserData:Make", "ItemList:Make"),
    "model": ("Keys:Model", "Keys:AndroidModel", "UserData:Model", "ItemList:Model"),
    "lens": ("Keys:CameraLensModel", "Keys:LensModel"),
    "software": ("Keys:Software", "UserData:SoftwareVersion", "ItemList:SoftwareVersion", "RIFF:Software"),
    "taken": (
        *("Keys:CreationDate", "ItemList:ContentCreateDate", "UserData:ContentCreateDate", "UserData:DateTimeOriginal"),
        "RIFF:DateTimeOriginal",
    ),
    "digitized": ("RIFF:DateCreated",),
    "container_time": ("QuickTime:CreateDate",),
    "duration": ("QuickTime:Duration", "Composite:Duration"),
    "position": (
        *("Keys:GPSCoordinates", "ItemList:GPSCoordinates", "UserData:GPSCoordinates", "UserData:LocationInformation"),
    ),
    "content_identifier": ("Keys:ContentIdentifier",),
}

_MAKER_NOTE = {
    "content_identifier": ("Apple:ContentIdentifier", "Apple:MediaGroupUUID"),
    "burst_identifier": ("Apple:BurstUUID",),
    "sequence_number": (
        *("Panasonic:SequenceNumber", "Olympus:SpecialMode", "Sony:SequenceNumber", "FujiFilm:SequenceNumber"),
    ),
}

_TRAILER = {
    "embedded_video": ("Samsung:EmbeddedVideoFile", "File:EmbeddedVideo", "GCamera:MotionPhotoVideo"),
}

FIELDS: dict[Source, dict[str, tuple[str, ...]]] = {
    Source.EXIF: _EXIF,
    Source.XMP: _XMP,
    Source.IPTC: _IPTC,
    Source.PNG: _PNG,
    Source.CONTAINER: _CONTAINER,
    Source.MAKER_NOTE: _MAKER_NOTE,
    Source.TRAILER: _TRAILER,
}
"""Source → field → exiftool's tags, as ``family 1 group:name``."""
