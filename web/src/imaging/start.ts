import { cache, imageLoader, init as initCore, metaData } from '@cornerstonejs/core';
import { init as initLoader } from '@cornerstonejs/dicom-image-loader';
import { addTool, init as initTools, PanTool, WindowLevelTool, ZoomTool } from '@cornerstonejs/tools';
import type { Client } from '../api/client';
import { FrameImages, scheme } from './frameImages';

/** Decoded pixels are kept up to this; the oldest go first. Half of what a browser tab gets on a small laptop. */
export const cacheSize_bytes = 768 * 1024 * 1024;

/** Starts Cornerstone3D and its decoders. Call it once: what it starts belongs to the whole page. */
export function startImaging(client: Client): FrameImages {
  initCore();
  // At least two: one large frame that decodes must not hold up the one that the person scrolled to.
  initLoader({ maxWebWorkers: Math.min(4, Math.max(2, Math.floor(navigator.hardwareConcurrency / 2))) });
  initTools();
  for (const tool of [WindowLevelTool, PanTool, ZoomTool]) addTool(tool);
  cache.setMaxCacheSize(cacheSize_bytes);

  const images = new FrameImages(client);
  metaData.addProvider((type, imageId) => (typeof imageId === 'string' ? images.metadata(type, imageId) : undefined), 10_000);
  // Only for frames that were dropped from the cache and are shown again: all else comes through the load queue.
  imageLoader.registerImageLoader(scheme, (imageId) => ({ promise: images.decode(imageId) }));
  return images;
}
