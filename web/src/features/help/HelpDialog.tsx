import { useEffect, useRef } from 'react';
import { Icon } from '../../ui/Icon';

const groups: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  ['Studies', [
    ['/', 'Search'], ['↑ ↓', 'Choose a study'], ['Home End', 'First, last'], ['Enter', 'Open it'], ['Esc', 'Leave or clear the search'],
    ['W', 'Work: queues, jobs, events'], ['W I', 'Index: how far its targets are'],
  ]],
  ['Series', [
    ['↑ ↓ or wheel', 'Scroll'], ['Shift ↑ ↓', 'Scroll by ten'], ['Home End', 'First, last slice'], ['[ ]', 'Previous, next series'],
    ['Space', 'Play, stop'], ['T', 'Tags'], ['Esc', 'Back to the studies'],
  ]],
  ['Picture', [
    ['W P Z', 'What dragging does'], ['right drag', 'Zoom'], ['middle drag', 'Pan'], ['+ −', 'Zoom'], ['1 … 6', 'Window presets of CT'],
    ['A', 'Full range of values'], ['I', 'Invert'], ['R F', 'Rotate, flip'], ['0', 'Reset'],
  ]],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className="help" aria-label="Keys" onClose={onClose}
      onClick={(event) => { if (event.target === dialog.current) onClose(); }}>
      <div className="help-head">
        <h2>Keys</h2>
        <button type="button" className="icon-button" onClick={onClose} aria-label="Close"><Icon name="close" /></button>
      </div>
      <div className="help-groups">
        {groups.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>{keys.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}
