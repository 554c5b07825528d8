"""What other programs say of the metadata that we read and write: exiftool and exiv2, on folders of real files.

``make referee MEDIA=folder`` runs all of it; the two programs have to be installed. ``make test`` does without them.
"""
