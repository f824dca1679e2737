import { cache, type Types, utilities } from '@cornerstonejs/core';
import { createImage } from '@cornerstonejs/dicom-image-loader';
import type { Client } from '../api/client';
import { type DataSet, number, tags } from '../api/dicomJson';
import { firstPart, transferSyntaxOf } from '../api/multipart';
import { ProblemError } from '../api/problem';
import { autoWindow } from '../series/autoWindow';
import { type Frame, storableRange } from '../series/frames';
import { signAgrees, syntaxToDecode } from '../series/jpeg';
import { decodesInBrowser, decodesInSyntax } from '../series/picture';
import type { Window } from '../series/presets';
import { metadataModule } from './metadata';

export const scheme = 'larmor';

/** Where a picture came from: shown to the person, since a drawn one has lost its values. */
export interface Origin {
  drawnByServer: boolean;
  /** Why the server had to draw it; empty otherwise. */
  reason: string;
  transferSyntax: string;
}

/** Fetches frames as they are stored and decodes them here; what cannot be decoded here, the server draws. */
export class FrameImages {
  private readonly frames = new Map<string, Frame>();
  private readonly origins = new Map<string, Origin>();
  /** Of series whose files give none, by the address of the series. */
  private readonly windows = new Map<string, Window>();

  constructor(private readonly client: Client) {}

  /** Makes a frame known under its image id. */
  add(frame: Frame): string {
    const imageId = `${scheme}:${frame.url}`;
    this.frames.set(imageId, frame);
    return imageId;
  }

  remove(imageIds: readonly string[]): void {
    for (const imageId of imageIds) {
      this.frames.delete(imageId);
      this.origins.delete(imageId);
      if (cache.getImageLoadObject(imageId)) cache.removeImageLoadObject(imageId, { force: true });
    }
  }

  origin(imageId: string): Origin | undefined {
    return this.origins.get(imageId);
  }

  metadata(type: string, imageId: string): unknown {
    const frame = this.frames.get(imageId);
    return frame && metadataModule(type, frame, this.origins.get(imageId)?.drawnByServer ?? false);
  }

  /** Puts the decoded frame into Cornerstone3D's cache. Rejects with a ProblemError, or when `signal` aborts. */
  async load(imageId: string, signal: AbortSignal): Promise<void> {
    if (cache.getImageLoadObject(imageId)) return;
    const image = await this.decode(imageId, signal);
    signal.throwIfAborted();
    if (!cache.getImageLoadObject(imageId)) await cache.putImageLoadObject(imageId, { promise: Promise.resolve(image) });
  }

  async decode(imageId: string, signal?: AbortSignal): Promise<Types.IImage> {
    const frame = this.frames.get(imageId);
    if (!frame) throw new Error(`no frame is known as ${imageId}`);
    const image = await this.decodeSomewhere(imageId, frame, signal);
    if (!image.color && this.metadata('voiLutModule', imageId) === undefined) {
      // One for all frames of a series, or each would look different. Here and not on the screen: Cornerstone3D makes
      // a range of width 0 of a picture of one value, and all that follow are inverted.
      const own = this.windows.get(frame.seriesUrl)
        ?? autoWindow(image.voxelManager?.getScalarData() ?? image.getPixelData(), storableRange(frame.dataSet));
      this.windows.set(frame.seriesUrl, own);
      image.windowCenter = own.center;
      image.windowWidth = own.width;
    }
    return image;
  }

  private async decodeSomewhere(imageId: string, frame: Frame, signal?: AbortSignal): Promise<Types.IImage> {
    if (!decodesInBrowser(frame.dataSet)) return this.drawn(imageId, frame, 'these samples', '', signal);

    const coded = await this.fetchStored(frame, signal);
    if (!coded) return this.drawn(imageId, frame, 'the server keeps it to itself', '', signal);
    if (!decodesInSyntax(frame.dataSet, coded.transferSyntax)
      || !signAgrees(coded.body, number(frame.dataSet, tags.PixelRepresentation) ?? 0)) {
      return this.drawn(imageId, frame, 'this coding', coded.transferSyntax, signal);
    }
    this.origins.set(imageId, { drawnByServer: false, reason: '', transferSyntax: coded.transferSyntax });
    try {
      const image = await decodeHere(imageId, coded.body, syntaxToDecode(coded.transferSyntax, coded.body));
      checkSize(image, frame.dataSet);
      return image;
    } catch {
      signal?.throwIfAborted();
      return this.drawn(imageId, frame, 'this coding', coded.transferSyntax, signal);
    }
  }

  /** Nothing when the server does not hand out the frame as it is stored: 406. */
  private async fetchStored(frame: Frame, signal?: AbortSignal): Promise<{ body: Uint8Array; transferSyntax: string } | undefined> {
    try {
      const response = await this.client.request(frame.url, {
        accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        ...(signal ? { signal } : {}),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      const part = firstPart(response.headers.get('Content-Type') ?? '', bytes);
      const transferSyntax = transferSyntaxOf(part.contentType);
      return transferSyntax ? { body: part.body, transferSyntax } : undefined;
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 406) return undefined;
      throw error;
    }
  }

  private async drawn(
    imageId: string, frame: Frame, reason: string, transferSyntax: string, signal?: AbortSignal,
  ): Promise<Types.IImage> {
    const response = await this.client.request(frame.renderedUrl, {
      accept: 'image/png, image/jpeg;q=0.9', ...(signal ? { signal } : {}),
    });
    const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
    this.origins.set(imageId, { drawnByServer: true, reason, transferSyntax });
    try {
      return imageOfBitmap(imageId, bitmap, this.metadata('imagePlaneModule', imageId) as Spacing);
    } finally {
      bitmap.close();
    }
  }
}

async function decodeHere(imageId: string, body: Uint8Array, transferSyntax: string): Promise<Types.IImage> {
  // The decoder hands its bytes to a worker, and native pixels need an aligned buffer of their own.
  const own = new Uint8Array(body);
  const image = await createImage(imageId, own as never, transferSyntax, {
    preScale: { enabled: true }, useRGBA: false, allowFloatRendering: true,
  } as never);
  return image as unknown as Types.IImage;
}

/** A decoder takes the size from the codestream, and a broken one says anything. */
function checkSize(image: Types.IImage, dataSet: DataSet): void {
  const [rows, columns] = [number(dataSet, tags.Rows), number(dataSet, tags.Columns)];
  const pixels = image.voxelManager?.getScalarData() ?? image.getPixelData();
  if (image.rows !== rows || image.columns !== columns || pixels.length !== rows * columns * image.numberOfComponents) {
    throw new Error(`the codestream holds ${image.rows} rows and ${image.columns} columns, the data set says ${rows} and ${columns}`);
  }
}

interface Spacing {
  rowPixelSpacing: number;
  columnPixelSpacing: number;
}

function imageOfBitmap(imageId: string, bitmap: ImageBitmap, spacing: Spacing): Types.IImage {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser has no two-dimensional canvas');
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from] ?? 0;
    rgb[to++] = rgba[from + 1] ?? 0;
    rgb[to++] = rgba[from + 2] ?? 0;
  }
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    scalarData: rgb, width, height, numberOfComponents: 3,
  });
  return {
    imageId,
    dataType: 'Uint8Array',
    color: true,
    rgba: false,
    numberOfComponents: 3,
    rows: height,
    columns: width,
    height,
    width,
    rowPixelSpacing: spacing.rowPixelSpacing,
    columnPixelSpacing: spacing.columnPixelSpacing,
    slope: 1,
    intercept: 0,
    invert: false,
    photometricInterpretation: 'RGB',
    minPixelValue: 0,
    maxPixelValue: 255,
    windowCenter: 128,
    windowWidth: 256,
    sizeInBytes: rgb.byteLength,
    voxelManager,
    getPixelData: () => rgb,
  } as unknown as Types.IImage;
}
