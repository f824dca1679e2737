import { type PointerEvent, useEffect, useRef } from 'react';

/** The whole stack as a bar: which frames are here, and where we are. Drag to go anywhere. */
export function Scrubber({ count, index, loaded, onGoTo }: {
  count: number; index: number; loaded: readonly boolean[]; onGoTo: (index: number) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    // One row of the bitmap a frame, up to what a screen can show; CSS stretches it.
    element.height = Math.min(count, 2_000);
    context.clearRect(0, 0, 1, element.height);
    context.fillStyle = '#4d6a86';
    for (let row = 0; row < element.height; row += 1) {
      if (loaded[Math.floor((row * count) / element.height)]) context.fillRect(0, row, 1, 1);
    }
  }, [count, loaded]);

  const goTo = (event: PointerEvent<HTMLDivElement>) => {
    const { top, height } = event.currentTarget.getBoundingClientRect();
    onGoTo(Math.min(count - 1, Math.max(0, Math.floor(((event.clientY - top) / height) * count))));
  };
  return (
    <div className="scrubber" role="slider" aria-label="Slice" aria-orientation="vertical" aria-valuemin={1} aria-valuemax={count} aria-valuenow={index + 1}
      onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); goTo(event); }}
      onPointerMove={(event) => { if (event.currentTarget.hasPointerCapture(event.pointerId)) goTo(event); }}>
      <canvas ref={canvas} width={1} height={1} />
      <span className="scrubber-thumb" style={{ top: `${((index + 0.5) / count) * 100}%` }} />
    </div>
  );
}
