import { useDeferredValue, useMemo, useState } from 'react';
import type { DataSet } from '../../api/dicomJson';
import { Icon } from '../../ui/Icon';
import { keywordOf, nameOfUid } from './dictionary';
import { type TagRow, tagRows } from './rows';

/** More lines than a person reads, and as many as a browser lays out at once. */
const rowsMax = 1_500;

export default function TagList({ dataSet, title }: { dataSet: DataSet; title: string }) {
  const [filter, setFilter] = useState('');
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const wanted = useDeferredValue(filter);
  const rows = useMemo(() => tagRows(dataSet, keywordOf, wanted, toggled), [dataSet, wanted, toggled]);
  const toggle = (path: string) => setToggled((old) => {
    const next = new Set(old);
    if (!next.delete(path)) next.add(path);
    return next;
  });
  return (
    <section className="tags" aria-label="Tags">
      <div className="tags-head">
        <h2>{title}</h2>
        <input type="search" value={filter} placeholder="Filter by tag, keyword or value" aria-label="Filter tags" spellCheck={false}
          onChange={(event) => setFilter(event.target.value)}
          onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); setFilter(''); event.currentTarget.blur(); } }} />
      </div>
      <div className="tags-rows" tabIndex={0} role="table" aria-rowcount={rows.length}>
        {rows.slice(0, rowsMax).map((row) => <Row key={row.path} row={row} onToggle={toggle} filtered={wanted !== ''} />)}
        {rows.length > rowsMax && <p className="tags-more">{(rows.length - rowsMax).toLocaleString('en')} more lines: use the filter.</p>}
        {rows.length === 0 && <p className="tags-more">Nothing matches.</p>}
      </div>
    </section>
  );
}

function Row({ row, onToggle, filtered }: { row: TagRow; onToggle: (path: string) => void; filtered: boolean }) {
  const name = row.vr === 'UI' ? nameOfUid(row.value) : row.value;
  const isItem = row.tag.startsWith('Item');
  return (
    <div className={isItem ? 'tag-row is-item' : 'tag-row'} role="row" style={{ paddingInlineStart: `${24 + row.depth * 12}px` }}>
      <span className="tag-tag" role="cell">
        {row.childrenCount > 0 && !filtered
          ? <button type="button" className="tag-toggle" onClick={() => onToggle(row.path)} title="Open or close"><Icon name="chevron" size={11} />{row.tag}</button>
          : row.tag}
      </span>
      <span className="tag-vr" role="cell">{row.vr}</span>
      <span className="tag-keyword" role="cell">{row.keyword}</span>
      <span className="tag-value" role="cell" title={row.value}>{name}</span>
    </div>
  );
}
