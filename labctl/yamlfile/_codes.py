"""Every code that a problem in a file can carry. A code never changes its meaning."""

from __future__ import annotations

CODES: dict[str, str] = {
    # The file.
    "P001": "the file cannot be read",
    "P002": "the file is not UTF-8 text",
    "P003": "the file is too large",
    "P004": "this is not YAML",
    "P005": "a tab stands where YAML allows only spaces",
    "P006": "a key stands twice",
    "P007": "anchors and aliases are not used here",
    "P008": "tags are not used here",
    "P009": "too deeply nested",
    "P010": "more than one document in the file",
    "P011": "the file is empty",
    # Its shape.
    "P012": "unknown key",
    "P013": "a key is missing",
    "P014": "another kind of thing is wanted here",
    "P015": "not in this version of labctl",
    "P017": "not one of the words that are allowed here",
    "P018": "not a name",
    "P019": "not a whole number in the range",
    # Its quantities.
    "P020": "a decimal comma",
    "P021": "not a quantity",
    "P022": "a unit is missing",
    "P023": "a wrong unit",
    "P024": "out of range",
    "P025": "a standard deviation is missing",
    "P026": "not a date",
    # Parameters.
    "P030": "there is no such parameter",
    "P031": "a parameter is outside its min and max",
    "P032": "default, min and max of a parameter do not fit together",
    "P033": "a name that is taken already",
    # Parts from elsewhere.
    "P034": "files that include each other",
    "P035": "a file that cannot be included",
    "P036": "a plugin that cannot be used",
    "P037": "a series of samples stands alone, once",
    # Steps.
    "P040": "a step needs exactly one verb",
    "P041": "power or irradiance, exactly one",
    "P042": "a step that could run for ever",
    "P043": "for or until, exactly one",
    "P044": "a condition needs exactly one of the conditions there are",
    "P045": "too many steps",
    "P046": "a role is used that `needs` does not list",
    "P047": "the protocol can take longer than its own limit",
    "P048": "the ends of a band do not fit together",
    "P049": "volume, concentration or pH, exactly one",
    # Protocol on a bench.
    "P050": "above a limit of the bench",
    "P051": "irradiance on a bench without a spot area",
    "P052": "the bench does not have what the protocol needs",
    "P053": "a limit that is looser than the bench's",
    "P054": "sampled faster than the instruments can, or too slowly for the guard",
    "P055": "the sample does not fit the bench",
    "P056": "a target that this bench and sample cannot reach",
    "P057": "the sample or the bench does not have the species or the stock",
    # Bench files.
    "P060": "there is no such instrument",
    "P061": "a bench with a laser must say this",
    "P062": "units that do not fit together",
    "P063": "two things in one place",
    "P064": "a channel that the instrument does not read",
    "P065": "a REAL bench must have this before it is armed",
    "P066": "what a bench says of its thermostat, stocks or assays is not whole",
    # Sample files.
    "P070": "a dispersion must name its material; a solvent has none",
    # Files looked up by name.
    "P080": "there is no such file",
}
