/** What a JPEG codestream is, by its frame header (ISO/IEC 10918-1 table B.1). */
const processes: Readonly<Record<number, string>> = {
  0xc0: '1.2.840.10008.1.2.4.50',
  0xc1: '1.2.840.10008.1.2.4.51',
  0xc3: '1.2.840.10008.1.2.4.57',
};
const jpegSyntax = /^1\.2\.840\.10008\.1\.2\.4\.(50|51|57|70)$/;

/** The transfer syntax to decode with. Files exist that say lossless and hold a baseline image: where the codestream
 *  contradicts the file, the codestream is right. */
export function syntaxToDecode(declared: string, codestream: Uint8Array): string {
  if (!jpegSyntax.test(declared)) return declared;
  const found = processOf(codestream);
  if (!found || found === declared) return declared;
  // .70 is .57 with one predictor, and 8 bit baseline is also a valid extended process.
  if (found === '1.2.840.10008.1.2.4.57' && declared === '1.2.840.10008.1.2.4.70') return declared;
  return found;
}

function processOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) return undefined;
    if (marker === 0xff) {
      at += 1; // fill bytes may precede a marker: B.1.1.2
      continue;
    }
    // C4, C8 and CC are tables in the range of the frame headers; DA begins the image, before which a header must come.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) return processes[marker];
    if (marker === 0xda) return undefined;
    at += 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
  }
  return undefined;
}

/** False when a JPEG 2000 codestream says that its samples are signed and the data set that they are not, or the other way
 *  round: the decoder then reads each value as another one. Source: ISO/IEC 15444-1 table A.11, Ssiz. */
export function signAgrees(codestream: Uint8Array, pixelRepresentation: number): boolean {
  const isCodestream = codestream[0] === 0xff && codestream[1] === 0x4f && codestream[2] === 0xff && codestream[3] === 0x51;
  const ssiz = codestream[42];
  return !isCodestream || ssiz === undefined || ssiz >> 7 === pixelRepresentation;
}
