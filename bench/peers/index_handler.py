#!/usr/bin/python3
"""What a handler of image-set events does that works as the sample for AWS HealthImaging: one fetch of metadata a set, then statement after
statement, a SELECT and an INSERT or UPDATE for each row, a commit a set. SERIES_FILE has `study series id` lines.

    index_handler.py URL TOKEN SOCKET DATABASE SERIES_FILE

Prints seconds and counts as JSON. The tables are there already, empty."""
import json
import sys
import time
import urllib.request

import pymysql

COLUMNS = {
    "patient": {"patientname": "00100010", "patientbirthdate": "00100030", "patientsex": "00100040"},
    "study": {"accessionnumber": "00080050", "studyid": "00200010", "studydate": "00080020", "studytime": "00080030",
              "studydescription": "00081030", "referringphysicianname": "00080090"},
    "series": {"modality": "00080060", "seriesnumber": "00200011", "seriesdescription": "0008103E", "institutionname": "00080080",
               "bodypartexamined": "00180015", "stationname": "00081010", "manufacturer": "00080070", "protocolname": "00181030",
               "laterality": "00200060"},
    "instance": {"sopclassuid": "00080016", "imagetype": "00080008", "instancenumber": "00200013", "acquisitiondate": "00080022",
                 "acquisitiontime": "00080032", "contentdate": "00080023", "contenttime": "00080033",
                 "photometricinterpretation": "00280004", "numberofframes": "00280008", "rows": "00280010", "columns": "00280011",
                 "bitsallocated": "00280100", "bitsstored": "00280101", "highbit": "00280102", "rescaleslope": "00281053",
                 "rescaleintercept": "00281052", "pixelrepresentation": "00280103", "windowcenter": "00281050", "windowwidth": "00281051"},
}


def value(instance, tag):
    values = instance.get(tag, {}).get("Value", [])
    if not values:
        return None
    if isinstance(values[0], dict):
        return values[0].get("Alphabetic")
    return values[0] if len(values) == 1 else str(values)[:64]


def row_of(level, instance):
    return {column: value(instance, tag) for column, tag in COLUMNS[level].items()}


def put(cursor, table, key, fields):
    """The number of the row."""
    where = " AND ".join(f"`{name}` = %s" for name in key)
    cursor.execute(f"SELECT {table}_pkey FROM {table} WHERE {where}", list(key.values()))
    found = cursor.fetchone()
    if found:
        sets = ", ".join(f"`{name}` = %s" for name in fields)
        cursor.execute(f"UPDATE {table} SET {sets} WHERE {table}_pkey = %s", [*fields.values(), found[0]])
        return found[0]
    names = {**key, **fields}
    cursor.execute(f"INSERT INTO {table} ({', '.join(f'`{name}`' for name in names)}) VALUES ({', '.join(['%s'] * len(names))})",
                   list(names.values()))
    return cursor.lastrowid


def handle(cursor, metadata, image_set):
    first = metadata[0]
    patient = put(cursor, "patient", {"issuer_pkey": 1, "patientid": value(first, "00100020")}, row_of("patient", first))
    study = put(cursor, "study", {"studyinstanceuid": value(first, "0020000D")}, {"patient_pkey": patient, **row_of("study", first)})
    series = put(cursor, "series", {"seriesinstanceuid": value(first, "0020000E")}, {"study_pkey": study, **row_of("series", first)})
    row = put(cursor, "imageset", {"imagesetid": image_set, "datastoreid": "d"}, {"series_pkey": series})
    for instance in metadata:
        put(cursor, "instance", {"sopinstanceuid": value(instance, "00080018")},
            {"series_pkey": series, "imageset_pkey": row, **row_of("instance", instance)})
    cursor.execute("UPDATE series SET numberofseriesrelatedinstances = (SELECT COUNT(*) FROM instance WHERE series_pkey = %s)"
                   " WHERE series_pkey = %s", [series, series])
    cursor.execute("UPDATE study SET numberofstudyrelatedinstances = (SELECT SUM(numberofseriesrelatedinstances) FROM series WHERE"
                   " study_pkey = %s), numberofstudyrelatedseries = (SELECT COUNT(*) FROM series WHERE study_pkey = %s)"
                   " WHERE study_pkey = %s", [study, study, study])


def main():
    url, token, socket, database, series_file = sys.argv[1:]
    with open(series_file, encoding="utf-8") as file:
        sets = [line.split() for line in file]
    connection = pymysql.connect(unix_socket=socket, user="root", database=database, charset="utf8mb4")
    started = time.monotonic()
    instances = 0
    for study, series, image_set in sets:
        request = urllib.request.Request(f"{url}/dicomweb/studies/{study}/series/{series}/metadata",
                                         headers={"Authorization": f"Bearer {token}", "Accept": "application/dicom+json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            metadata = json.load(answer)
        with connection.cursor() as cursor:
            handle(cursor, metadata, image_set)
        connection.commit()
        instances += len(metadata)
    print(json.dumps({"seconds": time.monotonic() - started, "image_sets": len(sets), "instances": instances}))


if __name__ == "__main__":
    main()
