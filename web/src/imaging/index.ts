import type { Client } from '../api/client';
import type { LoadQueue } from '../loading/loadQueue';
import type { Frame } from '../series/frames';
import type { FrameImages } from './frameImages';
import { StackView } from './stackView';
import { startImaging } from './start';

/** Cornerstone3D, behind this folder: the only one that imports it. */
export class Imaging {
  private readonly images: FrameImages;

  /** Once in a page: what it starts belongs to the whole page. */
  constructor(client: Client, private readonly queue: LoadQueue) {
    this.images = startImaging(client);
  }

  show(element: HTMLDivElement, frames: readonly Frame[], id: string, firstIndex: number): StackView {
    return new StackView(element, frames, this.images, this.queue, id, firstIndex);
  }
}
