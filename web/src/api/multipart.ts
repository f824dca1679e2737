/** One part of a multipart/related body. `body` is a view of the bytes it was read from. */
export interface Part {
  contentType: string;
  body: Uint8Array;
}

const crlf = [13, 10] as const;

function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]*))`, 'i').exec(header);
  return match?.[1] ?? match?.[2];
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const [first] = wanted;
  if (first === undefined) return -1;
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    let matched = 1;
    while (matched < wanted.length && bytes[at + matched] === wanted[matched]) matched += 1;
    if (matched === wanted.length) return at;
  }
  return -1;
}

/** The first part of a body, or the whole body when it is not multipart. A frame is one part (PS3.18 section 10.4.4).
 *  Throws when the body ends before its closing boundary, since half a frame looks like a whole one.
 *  Source: RFC 2046 section 5.1.1. */
export function firstPart(contentType: string, bytes: Uint8Array): Part {
  if (!/^\s*multipart\//i.test(contentType)) return { contentType, body: bytes };
  const boundary = parameter(contentType, 'boundary');
  if (!boundary) throw new Error('multipart answer without a boundary');

  const encoder = new TextEncoder();
  const opening = encoder.encode(`--${boundary}`);
  const start = find(bytes, opening, 0);
  if (start === -1) throw new Error('multipart answer without its first boundary');
  const headersEnd = find(bytes, encoder.encode('\r\n\r\n'), start);
  if (headersEnd === -1) throw new Error('multipart answer ends inside the headers of a part');

  const headers = new TextDecoder('latin1').decode(bytes.subarray(start + opening.length, headersEnd));
  const type = /^content-type:\s*(.*)$/im.exec(headers)?.[1]?.trim() ?? 'application/octet-stream';
  const length = Number(/^content-length:\s*(\d+)\s*$/im.exec(headers)?.[1] ?? Number.NaN);
  const bodyStart = headersEnd + 4;
  // With a length, the body itself is not searched: it may be large, and may hold anything.
  const end = find(bytes, encoder.encode(`\r\n--${boundary}`), Number.isNaN(length) ? bodyStart : bodyStart + length);
  if (end === -1) throw new Error('multipart answer ends before its closing boundary');
  if (bytes[end] !== crlf[0] || bytes[end + 1] !== crlf[1]) throw new Error('multipart answer is malformed');
  return { contentType: type, body: bytes.subarray(bodyStart, end) };
}

/** What PS3.18 table 8.7.3-5 says a media type is coded in, when it does not say so itself. */
const defaultTransferSyntax: Readonly<Record<string, string>> = {
  'application/octet-stream': '1.2.840.10008.1.2.1',
  'image/jpeg': '1.2.840.10008.1.2.4.50',
  'image/dicom-rle': '1.2.840.10008.1.2.5',
  'image/jls': '1.2.840.10008.1.2.4.80',
  'image/jp2': '1.2.840.10008.1.2.4.90',
  'image/jpx': '1.2.840.10008.1.2.4.92',
  'image/jphc': '1.2.840.10008.1.2.4.201',
  'image/jxl': '1.2.840.10008.1.2.4.110',
};

/** The transfer syntax UID that a part is coded in; undefined when nobody can tell. */
export function transferSyntaxOf(contentType: string): string | undefined {
  const said = parameter(contentType, 'transfer-syntax');
  if (said && said !== '*') return said;
  return defaultTransferSyntax[contentType.split(';')[0]?.trim().toLowerCase() ?? ''];
}
