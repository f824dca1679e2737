import { type DataSet, number, tags, text, texts } from '../api/dicomJson';

/** What an instance is for the eye. */
export type PictureKind = 'picture' | 'video' | 'report' | 'document' | 'waveform' | 'other';

const videoClasses = new Set([
  '1.2.840.10008.5.1.4.1.1.77.1.1.1', '1.2.840.10008.5.1.4.1.1.77.1.2.1', '1.2.840.10008.5.1.4.1.1.77.1.4.1',
]);
/** MPEG-2, MPEG-4 and HEVC: PS3.5 section 8.2. */
const videoSyntax = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/;

export function pictureKind(dataSet: DataSet): PictureKind {
  const sopClass = text(dataSet, tags.SOPClassUID);
  const syntaxes = texts(dataSet, tags.AvailableTransferSyntaxUID);
  if (videoClasses.has(sopClass) || (syntaxes.length > 0 && syntaxes.every((uid) => videoSyntax.test(uid)))) return 'video';
  // Structured reports and key object selections (PS3.4 annex O), documents (PS3.3 A.45), waveforms (A.34).
  if (sopClass.startsWith('1.2.840.10008.5.1.4.1.1.88.')) return 'report';
  if (sopClass.startsWith('1.2.840.10008.5.1.4.1.1.104.')) return 'document';
  if (sopClass.startsWith('1.2.840.10008.5.1.4.1.1.9.')) return 'waveform';
  // Headers without their pixels are archived too. PixelData, FloatPixelData and DoubleFloatPixelData: PS3.3 section C.7.6.3.
  if (!['7FE00010', '7FE00008', '7FE00009'].some((tag) => dataSet[tag])) return 'other';
  const hasPixels = (number(dataSet, tags.Rows) ?? 0) > 0 && (number(dataSet, tags.Columns) ?? 0) > 0
    && number(dataSet, tags.BitsAllocated) !== undefined;
  return hasPixels ? 'picture' : 'other';
}

const drawnHere = new Set([
  'MONOCHROME1', 'MONOCHROME2', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_ICT', 'YBR_RCT',
]);

/** True when the browser's decoders are known to get these pixels right. The server draws the others: palettes, bits
 *  that are packed or wider than 16, deep colour, samples that do not sit at the low end of their word. */
export function decodesInBrowser(dataSet: DataSet): boolean {
  const allocated = number(dataSet, tags.BitsAllocated) ?? 0;
  const stored = number(dataSet, tags.BitsStored) ?? allocated;
  const highBit = number(dataSet, tags.HighBit) ?? stored - 1;
  const samples = number(dataSet, tags.SamplesPerPixel) ?? 1;
  if (!drawnHere.has(text(dataSet, tags.PhotometricInterpretation))) return false;
  if (allocated !== 8 && allocated !== 16) return false;
  if (highBit !== stored - 1) return false;
  return samples === 1 || (samples === 3 && allocated === 8);
}

/** The same question once the bytes are there and say how they are coded. */
export function decodesInSyntax(dataSet: DataSet, transferSyntax: string): boolean {
  const photometric = text(dataSet, tags.PhotometricInterpretation);
  const native = /^1\.2\.840\.10008\.1\.2(\.1|\.2|\.1\.99)?$/.test(transferSyntax);
  // Chroma at half width is only unpacked by the JPEG decoders.
  if (native && photometric === 'YBR_FULL_422') return false;
  // The JPEG decoder takes three components for YCbCr, whatever the file says.
  if (/\.4\.5[01]$/.test(transferSyntax) && photometric === 'RGB') return false;
  return !videoSyntax.test(transferSyntax);
}
