"""Ways to damage a tar archive in memory. Each takes a random generator and a bytearray, changes it, and gives the number of bits that
it turned, or None where blocks came to lie elsewhere: then nobody can say any more what a raw member should have held."""
import io
import json
import tarfile

BLOCK = 512


def headers(data):
    """Offsets of the headers that an undamaged archive has."""
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as archive:
        return [member.offset for member in archive.getmembers()]


def with_checksum(header):
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return header


def rewrite(data, change):
    """The same members in order; `change` gives the content of each."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as old, tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as new:
        for member in old.getmembers():
            content = change(member, old.extractfile(member).read())
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    data[:] = out.getvalue()


def flip_bits(random, data):
    count = random.choice((1, 1, 2, 8, 64))
    for _ in range(count):
        bit = random.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
    return count


def flip_bits_of_a_header(random, data):
    at = random.choice(headers(data))
    for _ in range(random.choice((1, 2, 5))):
        data[at + random.randrange(345)] ^= 1 << random.randrange(8)
    return None


def cut(random, data):
    del data[random.randrange(len(data)):]
    return 0


def lose_blocks(random, data):
    at = random.randrange(len(data) // BLOCK) * BLOCK
    del data[at:at + BLOCK * random.randint(1, 6)]
    return None


def zero_blocks(random, data):
    at = random.randrange(len(data) // BLOCK) * BLOCK
    count = min(BLOCK * random.randint(1, 6), len(data) - at)
    data[at:at + count] = bytes(count)
    return None


def swap_blocks(random, data):
    one, two = (random.randrange(len(data) // BLOCK) * BLOCK for _ in range(2))
    data[one:one + BLOCK], data[two:two + BLOCK] = data[two:two + BLOCK], data[one:one + BLOCK]
    return None


def lie_about_a_size(random, data):
    at = random.choice(headers(data))
    size = random.choice((0, 1, 511, 1535, 1537, 2048, 4096, 10**6, 8**11 - 1))
    header = data[at:at + BLOCK]
    header[124:136] = random.choice((b"%011o\0" % size, b"-00000000001", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"99999999999\0"))
    data[at:at + BLOCK] = with_checksum(header)
    return None


def put_garbage_between(random, data):
    at = random.choice(headers(data) + [len(data)])
    data[at:at] = random.randbytes(random.choice((1, 77, 511, 512, 5120, 3000)))
    return 0


def repeat_a_member(random, data):
    starts = headers(data)
    which = random.randrange(len(starts))
    end = starts[which + 1] if which + 1 < len(starts) else len(data)
    copy = data[starts[which]:end]
    at = random.choice(starts)
    data[at:at] = copy
    return 0


def append_another_archive(random, data):
    starts = headers(data)
    data += data[random.choice(starts):]
    return 0


def edit_json(random, data):
    """Of a metadata archive: one member says something else, or nothing that can be read."""
    chosen = random.randrange(len(headers(data)))
    seen = [-1]

    def change(member, content):
        seen[0] += 1
        if seen[0] != chosen or not member.name.endswith(".json"):
            return content
        how = random.randrange(8)
        if how == 0:
            return content[:random.randrange(len(content))]
        if how == 1:
            at = random.randrange(len(content))
            return content[:at] + random.randbytes(3) + content[at:]
        if how == 2:
            return b"[" * 100_000 + content
        if how == 3:
            return content + content
        document = json.loads(content)
        if how == 4:
            document["00280010"]["Value"] = [random.choice((0, 1, 33, 65535, -1, 1e300, "32", None, []))]
        elif how == 5:
            document["00280008"] = {"vr": "IS", "Value": [random.choice((0, 2, 10**9, -1, "x"))]}
        elif how == 6:
            del document[random.choice(list(document))]
        else:
            document["7FE00010"] = random.choice(({"vr": "OW", "InlineBinary": "AAAA"}, {"vr": "OB"}, 5, {"vr": "OW", "BulkDataURI": 3}))
        return json.dumps(document).encode()

    rewrite(data, change)
    return 0


def name_another_uid_inside(random, data):
    """Of a metadata archive: (0008,0018) of one member is that of another."""
    names = [name.rsplit("/", 1)[-1].split(".json")[0] for name in tarfile.open(fileobj=io.BytesIO(bytes(data))).getnames()]
    chosen, other = random.choice(names).encode(), random.choice(names).encode()
    rewrite(data, lambda member, content: content.replace(b'"' + chosen + b'"', b'"' + other + b'"'))
    return 0


ANYWHERE = (flip_bits, cut)  # also in compressed bytes
OF_TAR = ANYWHERE + (flip_bits_of_a_header, lose_blocks, zero_blocks, swap_blocks, lie_about_a_size, put_garbage_between, repeat_a_member,
                     append_another_archive)
OF_METADATA = OF_TAR + (edit_json, name_another_uid_inside)
