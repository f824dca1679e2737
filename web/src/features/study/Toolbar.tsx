import type { ReactNode } from 'react';
import type { DragTool } from '../../imaging/stackView';
import type { Preset } from '../../series/presets';
import { Icon, type IconName } from '../../ui/Icon';
import type { Playing } from './usePlaying';

const dragTools: readonly { tool: DragTool; icon: IconName; label: string; key: string }[] = [
  { tool: 'window', icon: 'window', label: 'Window', key: 'W' },
  { tool: 'pan', icon: 'pan', label: 'Pan', key: 'P' },
  { tool: 'zoom', icon: 'zoom', label: 'Zoom', key: 'Z' },
];

function ToolButton({ icon, label, shortcut, pressed, onPress, children }: {
  icon: IconName; label: string; shortcut: string; pressed?: boolean; onPress: () => void; children?: ReactNode;
}) {
  return (
    <button type="button" className="tool" title={`${label} (${shortcut})`} aria-label={label} onClick={onPress}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}>
      <Icon name={icon} />{children}
    </button>
  );
}

export function Toolbar(props: {
  tool: DragTool; onTool: (tool: DragTool) => void;
  presets: readonly Preset[]; onPreset: (preset: Preset) => void;
  onFullRange: () => void; inverted: boolean; onInvert: () => void; onRotate: () => void; onFlip: () => void; onReset: () => void;
  playing: Playing | undefined;
}) {
  const { playing } = props;
  return (
    <div className="toolbar" role="toolbar" aria-label="Picture">
      <div className="tool-group">
        {dragTools.map(({ tool, icon, label, key }) => (
          <ToolButton key={tool} icon={icon} label={label} shortcut={`${key}, then drag`} pressed={props.tool === tool} onPress={() => props.onTool(tool)}>
            <span className="tool-label">{label}</span>
          </ToolButton>
        ))}
      </div>
      <div className="tool-group">
        <ToolButton icon="range" label="Full range of values" shortcut="A" onPress={props.onFullRange} />
        <ToolButton icon="invert" label="Invert" shortcut="I" pressed={props.inverted} onPress={props.onInvert} />
        <ToolButton icon="rotate" label="Rotate" shortcut="R" onPress={props.onRotate} />
        <ToolButton icon="flip" label="Flip" shortcut="F" onPress={props.onFlip} />
        <ToolButton icon="reset" label="Reset" shortcut="0" onPress={props.onReset} />
      </div>
      {props.presets.length > 0 && (
        <div className="tool-group tool-presets" aria-label="Window presets">
          {props.presets.map((preset, index) => (
            <button key={preset.name} type="button" className="tool" onClick={() => props.onPreset(preset)}
              title={`${preset.name}: window ${preset.width}, level ${preset.center} (${index + 1})`}>
              <kbd>{index + 1}</kbd>{preset.name}
            </button>
          ))}
        </div>
      )}
      {playing && (
        <div className="tool-group tool-play">
          <ToolButton icon={playing.on ? 'pause' : 'play'} label={playing.on ? 'Stop' : 'Play'} shortcut="Space" pressed={playing.on} onPress={playing.toggle} />
          <label className="tool-rate" title="Frames a second">
            <input type="number" min={1} max={60} value={playing.rate} aria-label="Frames a second"
              onChange={(event) => { const rate = Math.round(event.target.valueAsNumber); if (rate >= 1 && rate <= 60) playing.setRate(rate); }}
              onKeyDown={(event) => { if (event.key === 'Enter' || event.key === 'Escape') { event.stopPropagation(); event.currentTarget.blur(); } }} />
            <span>fps</span>
          </label>
        </div>
      )}
    </div>
  );
}
