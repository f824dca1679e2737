import type { RefObject } from 'react';
import { dateBound } from '../../api/dates';
import { emptyQuery, isEmptyQuery, type StudyQuery } from '../../api/studies';
import { Icon } from '../../ui/Icon';

const modalities = ['CR', 'CT', 'DX', 'ECG', 'ES', 'KO', 'MG', 'MR', 'NM', 'OP', 'OT', 'PR', 'PT', 'RF', 'RTDOSE', 'RTIMAGE',
  'RTPLAN', 'RTSTRUCT', 'SC', 'SEG', 'SM', 'SR', 'US', 'XA', 'XC'] as const;

interface SearchBarProps {
  query: StudyQuery;
  onChange: (query: StudyQuery) => void;
  /** Enter or arrow down: on to the list. */
  onLeave: () => void;
  nameField: RefObject<HTMLInputElement | null>;
}

export function SearchBar({ query, onChange, onLeave, nameField }: SearchBarProps) {
  const set = (change: Partial<StudyQuery>) => onChange({ ...query, ...change });
  const text = (key: keyof StudyQuery, label: string, placeholder: string, invalid = false) => (
    <label className={`field field-${key}`}>
      <span>{label}</span>
      <input type="text" value={query[key]} placeholder={placeholder} aria-invalid={invalid} spellCheck={false} autoComplete="off"
        {...(key === 'name' ? { ref: nameField } : {})}
        onChange={(event) => set({ [key]: event.target.value })} />
    </label>
  );
  return (
    <form className="search" role="search" aria-label="Studies"
      onSubmit={(event) => { event.preventDefault(); onLeave(); }}
      onKeyDown={(event) => {
        if (event.key === 'Escape' || (event.key === 'ArrowDown' && event.target instanceof HTMLInputElement && event.target.type === 'text')) {
          event.preventDefault();
          onLeave();
        }
      }}>
      {text('name', 'Patient name', 'Search  /')}
      {text('id', 'Patient ID', '')}
      {text('from', 'From', 'YYYY-MM-DD', dateBound(query.from, 'first') === undefined)}
      {text('to', 'To', 'YYYY-MM-DD', dateBound(query.to, 'last') === undefined)}
      <label className="field field-modality">
        <span>Modality</span>
        <select value={query.modality} onChange={(event) => set({ modality: event.target.value })}>
          <option value="">All</option>
          {modalities.map((modality) => <option key={modality}>{modality}</option>)}
        </select>
      </label>
      {text('description', 'Description', '')}
      {text('accession', 'Accession', '')}
      <button type="submit" hidden />
      <button type="button" className="icon-button search-clear" disabled={isEmptyQuery(query)} onClick={() => onChange(emptyQuery)}
        title="Clear the search" aria-label="Clear the search"><Icon name="close" /></button>
    </form>
  );
}
