import { Enums, RenderingEngine, type Types } from '@cornerstonejs/core';
import { Enums as ToolEnums, PanTool, ToolGroupManager, WindowLevelTool, ZoomTool } from '@cornerstonejs/tools';
import { type Problem, problemOf } from '../api/problem';
import type { Turn } from '../geometry/orientation';
import type { LoadQueue } from '../loading/loadQueue';
import { planStack } from '../loading/priority';
import { decodedSize_bytes, type Frame } from '../series/frames';
import { rangeToWindow, type Window, windowToRange } from '../series/presets';
import type { FrameImages, Origin } from './frameImages';
import { cacheSize_bytes } from './start';

export type DragTool = 'window' | 'pan' | 'zoom';

/** What a person sees in a viewport. A new object with each change. */
export interface ViewState {
  /** The frame that was asked for, from 0. */
  index: number;
  /** The frame that is on the screen; -1 before the first. */
  shown: number;
  window: Window | undefined;
  inverted: boolean;
  zoom: number;
  turn: Turn;
  /** One flag a frame: its pixels are here. */
  loaded: readonly boolean[];
  /** Why the frame that was asked for cannot be shown. */
  problem: Problem | undefined;
  origin: Origin | undefined;
  /** Counts what was drawn, so that tests can wait for the next picture. */
  renderCount: number;
}

const neighboursCount = 4;
const initial: ViewState = {
  index: 0, shown: -1, window: undefined, inverted: false, zoom: 1,
  turn: { quarterTurns: 0, mirrored: false }, loaded: [], problem: undefined, origin: undefined, renderCount: 0,
};

/** A viewport that scrolls through the frames of one series. */
export class StackView {
  private state: ViewState = initial;
  private readonly listeners = new Set<() => void>();
  private readonly engine: RenderingEngine;
  private readonly viewport: Types.IStackViewport;
  private readonly resizes: ResizeObserver;
  private readonly imageIds: string[];
  private readonly problems = new Map<number, Problem>();
  private direction: 1 | -1 = 1;
  private stackSet = false;
  private disposed = false;
  /** Who asks the load queue. A new one forgets what has failed. */
  private owner = {};

  constructor(
    private readonly element: HTMLDivElement,
    private readonly frames: readonly Frame[],
    private readonly images: FrameImages,
    private readonly queue: LoadQueue,
    private readonly id: string,
    firstIndex: number,
  ) {
    this.imageIds = frames.map((frame) => images.add(frame));
    this.engine = new RenderingEngine(`engine-${id}`);
    this.engine.enableElement({ viewportId: id, type: Enums.ViewportType.STACK, element, defaultOptions: { background: [0, 0, 0] } });
    this.viewport = this.engine.getViewport(id) as Types.IStackViewport;
    const tools = ToolGroupManager.createToolGroup(id);
    for (const name of [WindowLevelTool.toolName, PanTool.toolName, ZoomTool.toolName]) tools?.addTool(name);
    tools?.addViewport(id, this.engine.id);
    this.setDragTool('window');

    element.addEventListener(Enums.Events.IMAGE_RENDERED, this.onRendered);
    element.addEventListener(Enums.Events.VOI_MODIFIED, this.onChanged);
    element.addEventListener(Enums.Events.CAMERA_MODIFIED, this.onChanged);
    this.resizes = new ResizeObserver(() => this.engine.resize(true, true));
    this.resizes.observe(element);

    this.set({ index: Math.min(Math.max(0, firstIndex), frames.length - 1), loaded: frames.map(() => false) });
    this.plan();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = (): ViewState => this.state;

  goTo(index: number): void {
    const wanted = Math.min(Math.max(0, index), this.frames.length - 1);
    if (wanted === this.state.index) return;
    this.direction = wanted > this.state.index ? 1 : -1;
    this.set({ index: wanted, problem: this.problems.get(wanted) });
    this.plan();
    if (this.state.loaded[wanted]) void this.show(wanted);
  }

  retry(): void {
    this.problems.clear();
    this.owner = this.renewOwner();
    this.set({ problem: undefined });
    this.plan();
  }

  setDragTool(tool: DragTool): void {
    const group = ToolGroupManager.getToolGroup(this.id);
    const { Primary, Secondary, Auxiliary } = ToolEnums.MouseBindings;
    const bindings = [
      { name: WindowLevelTool.toolName, bindings: tool === 'window' ? [{ mouseButton: Primary }] : [] },
      { name: PanTool.toolName, bindings: [{ mouseButton: Auxiliary }, ...(tool === 'pan' ? [{ mouseButton: Primary }] : [])] },
      { name: ZoomTool.toolName, bindings: [{ mouseButton: Secondary }, { numTouchPoints: 2 }, ...(tool === 'zoom' ? [{ mouseButton: Primary }] : [])] },
    ];
    for (const { name } of bindings) group?.setToolPassive(name, { removeAllBindings: true });
    for (const { name, bindings: own } of bindings) if (own.length > 0) group?.setToolActive(name, { bindings: own });
  }

  setWindow(window: Window): void {
    if (!this.stackSet) return;
    this.viewport.setProperties({ voiRange: windowToRange(window) });
    this.viewport.render();
  }

  /** The darkest value black, the brightest white. */
  setFullRange(): void {
    if (!this.stackSet) return;
    let lower = Infinity;
    let upper = -Infinity;
    const image = this.viewport.getCornerstoneImage();
    // Of the pixels themselves, which are already rescaled, unlike the minimum that the image names.
    const values: ArrayLike<number> & Iterable<number> = image.voxelManager?.getScalarData() ?? image.getPixelData();
    for (const value of values) {
      if (value < lower) lower = value;
      if (value > upper) upper = value;
    }
    if (upper > lower) this.setWindow(rangeToWindow(lower, upper));
  }

  invert(): void {
    if (!this.stackSet) return;
    this.viewport.setProperties({ invert: !this.viewport.getProperties().invert });
    this.viewport.render();
    this.onChanged();
  }

  turn(turn: Turn): void {
    if (!this.stackSet) return;
    this.viewport.setViewPresentation({ rotation: turn.quarterTurns * 90, flipHorizontal: turn.mirrored });
    this.viewport.render();
    this.set({ turn });
  }

  zoomBy(factor: number): void {
    if (!this.stackSet) return;
    this.viewport.setZoom(Math.min(40, Math.max(0.05, this.viewport.getZoom() * factor)));
    this.viewport.render();
  }

  reset(): void {
    if (!this.stackSet) return;
    this.turn({ quarterTurns: 0, mirrored: false });
    this.viewport.resetProperties();
    this.viewport.resetCamera();
    this.viewport.render();
    this.onChanged();
  }

  dispose(): void {
    this.disposed = true;
    this.resizes.disconnect();
    this.queue.setWants(this.owner, []);
    this.element.removeEventListener(Enums.Events.IMAGE_RENDERED, this.onRendered);
    this.element.removeEventListener(Enums.Events.VOI_MODIFIED, this.onChanged);
    this.element.removeEventListener(Enums.Events.CAMERA_MODIFIED, this.onChanged);
    ToolGroupManager.destroyToolGroup(this.id);
    this.engine.destroy();
    this.images.remove(this.imageIds);
  }

  private set(change: Partial<ViewState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  private renewOwner(): object {
    this.queue.setWants(this.owner, []);
    return {};
  }

  private plan(): void {
    const frame = this.frames[this.state.index];
    if (!frame) return;
    // Half of the cache: the rest is for the series that was looked at before.
    const framesMax = Math.max(2 * neighboursCount + 1, Math.floor(cacheSize_bytes / 2 / Math.max(1, decodedSize_bytes(frame.dataSet))));
    const plan = planStack(this.state.index, this.frames.length, this.direction, neighboursCount, framesMax);
    this.queue.setWants(this.owner, plan.flatMap(({ index, rank, distance }) => {
      const imageId = this.imageIds[index];
      return imageId ? [{ key: imageId, rank, distance, run: (signal: AbortSignal) => this.load(index, imageId, signal) }] : [];
    }));
  }

  private async load(index: number, imageId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.images.load(imageId, signal);
    } catch (error) {
      if (signal.aborted || this.disposed) return;
      const problem = problemOf(error);
      this.problems.set(index, problem);
      if (index === this.state.index) this.set({ problem });
      return;
    }
    if (this.disposed) return;
    this.set({ loaded: this.state.loaded.with(index, true) });
    if (index === this.state.index) await this.show(index);
  }

  private async show(index: number): Promise<void> {
    try {
      if (this.stackSet) await this.viewport.setImageIdIndex(index);
      else {
        this.stackSet = true;
        await this.viewport.setStack(this.imageIds, index);
        this.viewport.render();
      }
    } catch (error) {
      if (this.disposed || index !== this.state.index) return;
      this.set({ problem: problemOf(error) });
    }
  }

  private readonly onRendered = (): void => {
    if (this.disposed || !this.stackSet) return;
    const shown = this.viewport.getCurrentImageIdIndex();
    const imageId = this.imageIds[shown];
    this.set({
      shown,
      origin: imageId === undefined ? undefined : this.images.origin(imageId),
      renderCount: this.state.renderCount + 1,
      ...this.look(),
    });
  };

  private readonly onChanged = (): void => {
    if (!this.disposed && this.stackSet) this.set(this.look());
  };

  private look(): Pick<ViewState, 'window' | 'inverted' | 'zoom'> {
    const { voiRange, invert } = this.viewport.getProperties();
    return {
      window: voiRange && rangeToWindow(voiRange.lower, voiRange.upper),
      inverted: invert ?? false,
      zoom: this.viewport.getZoom(),
    };
  }
}
