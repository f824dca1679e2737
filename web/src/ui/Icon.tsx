const paths = {
  back: 'M15 5l-7 7 7 7',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.2 16.2 21 21',
  close: 'M6 6l12 12M18 6 6 18',
  help: 'M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1M12 17.6v.2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  window: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M12 8h6.9M12 12h9M12 16h6.9',
  pan: 'M12 3v18M3 12h18M12 3 9.5 5.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5',
  zoom: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.2 16.2 21 21M8 11h6M11 8v6',
  invert: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
  rotate: 'M19 12a7 7 0 1 1-2.3-5.2M17.5 3v4.2h-4.2',
  flip: 'M12 3v18M9 7 3 17h6zM15 7l6 10h-6z',
  reset: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  range: 'M3 18h18M3 18c4 0 5-12 9-12s5 12 9 12',
  play: 'M7 5l12 7-12 7z',
  pause: 'M8 5v14M16 5v14',
  tags: 'M4 5h16M4 10h10M4 15h16M4 20h10',
  report: 'M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5',
  video: 'M3 6h13v12H3zM16 11l5-3v8l-5-3',
  waveform: 'M3 12h4l2-6 3 12 3-9 2 3h4',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.1',
  key: 'M15.5 4.5a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12.7 11.3 5 19M7 17l2 2M9.7 14.3l2 2',
  exit: 'M10 4H5v16h5M15 8l4 4-4 4M19 12H9',
  warning: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.3v.2',
  work: 'M4 5h16v5H4zM4 14h16v5H4zM7.5 7.5h.1M7.5 16.5h.1',
  chevron: 'M9 6l6 6-6 6',
} as const;
export type IconName = keyof typeof paths;

/** Decoration: whatever it stands for is also said in words. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
      strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
