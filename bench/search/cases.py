"""What ./dev bench search asks: for each kind of query Lua that makes the body of a request, and what it counts from."""

# POST /v1/search over the library of bench_search_fill.
SEARCHES = {
    "any part of a name": """return '{"text":"' .. family():sub(2) .. math.random(0, 199) .. '"}'""",
    "any part of a name, marked": """return '{"highlight":true,"text":"' .. family():sub(2) .. math.random(0, 199) .. '"}'""",
    "name and word": """return '{"text":"' .. family() .. math.random(0, 199) .. ' abdomen"}'""",
    "a word of one in five": """return '{"text":"chest"}'""",
    "a letter, which most names have": """return '{"text":"' .. string.char(97 + math.random(0, 25)) .. '"}'""",
    "a word of all": """return '{"text":"bench"}'""",
    "PatientName, any part": """return '{"filters":{"PatientName":"' .. family():sub(3) .. math.random(0, 199) .. '"}}'""",
    "ReferringPhysicianName, one in ten": """return '{"filters":{"ReferringPhysicianName":"' .. family() .. '"}}'""",
    "PatientID": """return '{"filters":{"PatientID":"PAT' .. math.random(0, 1249) .. '"}}'""",
    "AccessionNumber of a year": """return '{"filters":{"AccessionNumber":"ACC' .. math.random(0, 2499) .. '"},'
        .. '"ranges":{"StudyDate":{"from":"20200101","to":"20201231"}}}'""",
    "StudyInstanceUID, series": """return '{"level":"series","filters":{"StudyInstanceUID":"1.2.826.0.1.' .. math.random(0, 2499) .. '"}}'""",
    "a hundred of StudyInstanceUID": """local uids = {} for i = 1, 100 do uids[i] = '"1.2.826.0.1.' .. math.random(0, 2499) .. '"' end
        return '{"filters":{"StudyInstanceUID":[' .. table.concat(uids, ",") .. ']}}'""",
    "Modality, common (CT)": """return '{"filters":{"Modality":"CT"}}'""",
    "Modality, common (CT), series": """return '{"level":"series","filters":{"Modality":"CT"}}'""",
    "Modality, rare (XA)": """return '{"filters":{"Modality":"XA"}}'""",
    "an attribute without an index": """local all = {'"PatientSex":"F"', '"BodyPartExamined":"HEAD"', '"ProtocolName":"contrast"', '"StationName":"ST7"',
        '"InstitutionName":"none"'} return '{"filters":{' .. all[math.random(1, 5)] .. '}}'""",
    "date range of a month, series": """return '{"level":"series","ranges":' .. month() .. '}'""",
    "SeriesNumber from 2, series": """return '{"level":"series","ranges":{"SeriesNumber":{"from":2}}}'""",
    "a month with three facets": """return '{"facets":["Modality","PatientSex","BodyPartExamined"],"ranges":' .. month() .. '}'""",
    "CT with two facets": """return '{"facets":["PatientSex","BodyPartExamined"],"filters":{"Modality":"CT"}}'""",
    "a word of one in five with two facets": """return '{"text":"chest","facets":["Modality","PatientSex"]}'""",
    "everything, with two facets": """return '{"facets":["Modality","PatientSex"]}'""",
    "everything, with eight facets, series": """return '{"level":"series","facets":["Modality","PatientSex","BodyPartExamined","ProtocolName",'
        .. '"Manufacturer","StationName","InstitutionName","SeriesDescription"]}'""",
    "everything, with SOPClassUID and Modality, instances": """return '{"level":"instance","facets":["SOPClassUID","Modality"]}'""",
    "everything, counted to 100,000": """return '{"level":"instance","totalUpTo":100000}'""",
    "sorted by each attribute": """return sorted("study", of_study)""",
    "sorted by each attribute, series": """return sorted("series", of_series)""",
    "sorted by each attribute, instances": """return sorted("instance", of_instance)""",
    "CT sorted by each attribute, series": """return sorted("series", of_series, '"filters":{"Modality":"CT"},')""",
    "page at 2,000": """return '{"offset":2000}'""",
    "page at 9,975, series": """return '{"level":"series","offset":9975}'""",
    "page at 9,975, instances": """return '{"level":"instance","offset":9975}'""",
    "page at 9,000 of CT, instances": """return '{"level":"instance","offset":9000,"filters":{"Modality":"CT"}}'""",
    "instances of a month and a protocol": """return '{"level":"instance","filters":{"ProtocolName":"contrast"},"ranges":' .. month() .. '}'""",
    "SOPInstanceUID": """return '{"level":"instance","filters":{"SOPInstanceUID":"1.2.826.0.1.' .. math.random(0, 2499) .. '.1.50"}}'""",
    "SOPClassUID, which all have": """return '{"filters":{"SOPClassUID":"1.2.840.10008.5.1.4.1.1.2"}}'""",
    "SOPClassUID, which none has": """return '{"filters":{"SOPClassUID":"1.2.840.10008.5.1.4.1.1.7"}}'""",
    "Rows, which all have, instances": """return '{"level":"instance","filters":{"Rows":512}}'""",
    "Rows, which none has, instances": """return '{"level":"instance","ranges":{"Rows":{"from":513}}}'""",
    "InstanceNumber, instances": """return '{"level":"instance","filters":{"InstanceNumber":' .. math.random(1, 100) .. '}}'""",
    "InstanceNumber, which none has, instances": """return '{"level":"instance","filters":{"InstanceNumber":' .. math.random(101, 999) .. '}}'""",
}
SEARCHES_LUA = """
local families = {"Schmidt", "Garcia", "Nguyen", "Okafor", "Larsen", "Rossi", "Silva"}
local of_study = {"PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
                  "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID", "StudyDescription"}
local of_series = {"SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "SeriesDate", "BodyPartExamined", "Laterality",
                   "ProtocolName", "Manufacturer", "ManufacturerModelName", "StationName", "InstitutionName", "PatientName", "StudyDate"}
local of_instance = {"SOPInstanceUID", "SOPClassUID", "InstanceNumber", "NumberOfFrames", "Rows", "Columns", "Modality", "StudyDate"}
function family() return families[math.random(1, 7)] end
function month()
  local m = string.format("%04d%02d", 2015 + math.random(0, 9), math.random(1, 12))
  return '{"StudyDate":{"from":"' .. m .. '01","to":"' .. m .. '28"}}'
end
function sorted(level, keywords, rest)
  local order = math.random(1, 2) == 1 and "ascending" or "descending"
  return '{"level":"' .. level .. '",' .. (rest or "") .. '"sort":[{"by":"' .. keywords[math.random(1, #keywords)] .. '","order":"' .. order .. '"}]}'
end
"""

# SearchImageSets over the library of bench_qido_fill. `first` and `last` are when its image sets were created.
NEWEST = '"sort":{"sortField":"updatedAt","sortOrder":"DESC"}'
OLDEST = '"sort":{"sortField":"createdAt","sortOrder":"ASC"}'
BY_DATE = '"sort":{"sortField":"DICOMStudyDateAndTime","sortOrder":"DESC"}'
BY_DATE_RISING = '"sort":{"sortField":"DICOMStudyDateAndTime","sortOrder":"ASC"}'


def _equal(name, value):
    return f"""return '{{"filters":[{{"operator":"EQUAL","values":[{{"{name}":' .. {value} .. '}}]}}]}}'"""


def _between(filters, sort=NEWEST):
    return f"""return '{{"filters":[' .. {filters} .. '],{sort}}}'"""


IMAGE_SETS = {
    "DICOMPatientId": _equal("DICOMPatientId", """quoted("PAT" .. math.random(0, 4999))"""),
    "DICOMAccessionNumber": _equal("DICOMAccessionNumber", """quoted("ACC" .. math.random(0, 9999))"""),
    "DICOMStudyId": _equal("DICOMStudyId", "quoted(math.random(0, 9999))"),
    "DICOMStudyInstanceUID": _equal("DICOMStudyInstanceUID", """quoted("1.2.826.0.1." .. math.random(0, 9999))"""),
    "DICOMSeriesInstanceUID": _equal("DICOMSeriesInstanceUID", """quoted("1.2.826.0.1." .. math.random(0, 9999) .. ".3")"""),
    "isPrimary true": _equal("isPrimary", '"true"'),
    "isPrimary false, of which there is none": _equal("isPrimary", '"false"'),
    "createdAt EQUAL": _equal("createdAt", "moment(math.random())"),
    "createdAt BETWEEN, a hundredth of all": _between("""times("createdAt", 0.01)"""),
    "createdAt BETWEEN, half of all": _between("""times("createdAt", 0.5)"""),
    "updatedAt BETWEEN, a hundredth of all": _between("""times("updatedAt", 0.01)"""),
    "updatedAt BETWEEN, half of all, by createdAt": _between("""times("updatedAt", 0.5)""", OLDEST),
    "createdAt BETWEEN, a hundredth of all, by study date": _between("""times("createdAt", 0.01)""", BY_DATE),
    "createdAt BETWEEN, half of all, by study date": _between("""times("createdAt", 0.5)""", BY_DATE),
    "createdAt BETWEEN, before all": _between("""times("createdAt", 0, -1)"""),
    "DICOMStudyDateAndTime BETWEEN, a month, by date": _between("days(30)", BY_DATE),
    "DICOMStudyDateAndTime BETWEEN, a month": _between("days(30)"),
    "DICOMStudyDateAndTime BETWEEN, a day": _between("days(1)"),
    "DICOMStudyDateAndTime BETWEEN, five years": _between("days(1800)"),
    "month, half of createdAt, primary": _between("""days(30) .. ',' .. times("createdAt", 0.5) .. ',{"operator":"EQUAL","values":[{"isPrimary":true}]}'"""),
    "all, newest": f"return '{{{NEWEST}}}'",
    "all, by study date": f"return '{{{BY_DATE}}}'",
    "all, page by page": f"return '{{{NEWEST}}}'",
    "all, page by page, by createdAt": f"return '{{{OLDEST}}}'",
    "all, page by page, by study date": f"return '{{{BY_DATE}}}'",
    "all, page by page, by study date rising": f"return '{{{BY_DATE_RISING}}}'",
}
IMAGE_SETS_LUA = """
local first, last = {first}, {last}
function quoted(value) return '"' .. value .. '"' end
function moment(share) return string.format("%.3f", first + (last - first) * share) end
function between(name, from, to)
  return '{{"operator":"BETWEEN","values":[{{"' .. name .. '":' .. from .. '}},{{"' .. name .. '":' .. to .. '}}]}}'
end
function times(name, share, from)
  from = from or math.random() * (1 - share)
  return between(name, moment(from), moment(from + share))
end
function day(number)
  return '{{"DICOMStudyDate":"' .. os.date("!%Y%m%d", 1420070400 + 86400 * number) .. '"}}'
end
function days(count)
  local from = math.random(0, 3650 - count)
  return between("DICOMStudyDateAndTime", day(from), day(from + count))
end
"""
