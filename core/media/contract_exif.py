"""How does the HTTP contract show a picture's metadata? Its ``exif`` object, made of the record that was read."""

from __future__ import annotations

from math import floor

from core.media.facts import Exif
from core.media.metadata import Metadata, Said, WrittenTime, value_of
from core.media.metadata_text import camera_name


def contract_exif(metadata: Metadata) -> Exif:
    """The contract's shapes; every field that nobody said is ``None``."""
    original, created, changed = (_date(said) for said in (metadata.taken, metadata.digitized, metadata.changed))
    position, gps_time = value_of(metadata.position), value_of(metadata.gps_time)
    shutter = _shutter(value_of(metadata.exposure_time))
    return Exif(
        camera=camera_name(value_of(metadata.make), value_of(metadata.model)),
        lens=value_of(metadata.lens),
        aperture=_shaped(metadata.aperture, "f/{:.1f}"),
        shutter=shutter,
        shutter_speed=shutter,
        iso=_raw(metadata.iso),
        focal_length=_millimetres(value_of(metadata.focal_length)),
        date_time_original=original,
        create_date=created,
        modify_date=changed,
        date_time=original or created or changed,
        offset_time_original=_offset_of_capture(metadata.taken, metadata.digitized),
        offset_time=_offset(value_of(metadata.changed)),
        gps_latitude=position.latitude if position else None,
        gps_longitude=position.longitude if position else None,
        gps_altitude=value_of(metadata.altitude) if position else None,
        software=value_of(metadata.software),
        flash=_raw(metadata.flash),
        white_balance=_raw(metadata.white_balance),
        exposure_mode=_raw(metadata.exposure_mode),
        metering_mode=_raw(metadata.metering_mode),
        scene_type=_raw(metadata.scene_type),
        color_space=_raw(metadata.color_space),
        orientation=_raw(metadata.orientation),
        x_resolution=_raw(metadata.x_resolution),
        y_resolution=_raw(metadata.y_resolution),
        resolution_unit=_raw(metadata.resolution_unit),
        image_description=value_of(metadata.description),
        gps_date_time_utc=gps_time.replace(tzinfo=None).isoformat(timespec="seconds") if gps_time else None,
    )


def _date(said: Said[WrittenTime] | None) -> str | None:
    return None if said is None else said.value.local.isoformat(timespec="seconds")


def _offset(written: WrittenTime | None) -> str | None:
    if written is None or written.offset_minutes is None:
        return None
    hours, minutes = divmod(abs(written.offset_minutes), 60)
    return f"{'-' if written.offset_minutes < 0 else '+'}{hours:02}:{minutes:02}"


def _offset_of_capture(taken: Said[WrittenTime] | None, digitized: Said[WrittenTime] | None) -> str | None:
    """The offset of the moment of capture. That of digitising is as good where the camera did both at once."""
    offset = _offset(value_of(taken))
    if offset is None and (taken is None or _date(taken) == _date(digitized)):
        offset = _offset(value_of(digitized))
    return offset


def _raw(said: Said[int] | Said[float] | None) -> str | None:
    """The number as text (``16``, ``72``, ``0.5``): the contract sends these raw and the client names them."""
    return None if said is None else f"{said.value:.10g}"


def _shaped(said: Said[float] | None, shape: str) -> str | None:
    return None if said is None else shape.format(said.value)


def _shutter(seconds: float | None) -> str | None:
    """``1/125s``, n rounded, below a second; ``2s`` or ``1.3s`` from there on."""
    if seconds is None:
        return None
    if seconds < 1:
        return f"1/{floor(1 / seconds + 0.5)}s"
    return f"{round(seconds, 1):.10g}s"


def _millimetres(value: float | None) -> str | None:
    return None if value is None or not round(value, 2) else f"{round(value, 2):.10g}mm"
