"""FHIR R4: records read into our input, and what the pathway shows of itself."""
