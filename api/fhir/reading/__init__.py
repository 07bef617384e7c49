"""Reading a FHIR R4 record of any quality into the input the product decides on."""

from api.fhir.reading.record import ReadRecord, read_record
from api.fhir.reading.subjects import MixedPatients

__all__ = ["MixedPatients", "ReadRecord", "read_record"]
