/** The list of deals with its filters. */
import type { ComponentChildren, VNode } from 'preact';
import { FINAL_STAGES, OPEN_STAGES } from '../../deal/stages.js';
import type { DealPage } from '../deal-list.js';
import { DealTable } from './deal-table.js';
import { addressOf, ageNames, AGES, refusalNames, type Choices } from './filters.js';
import { count, refusalWords, stageWords } from './words.js';

export interface DealsPageProps {
  chosen: Choices;
  /** Null when Temporal cannot read on from the cursor. */
  found: { page: DealPage; total: number } | null;
  documentTypes: readonly string[];
  now: number;
}

export function DealsPage({ chosen, found, documentTypes, now }: DealsPageProps): VNode {
  const { cursor, ...filters } = chosen;
  return (
    <>
      <h1>Deals</h1>
      <Filters chosen={chosen} documentTypes={documentTypes} />
      {found === null ? (
        <p class="empty" role="alert">
          The list cannot be read on from there. <a href={addressOf(filters)}>Begin at its first page.</a>
        </p>
      ) : found.page.deals.length === 0 ? (
        <p class="empty">
          {cursor === undefined ? 'No deal is so. ' : 'There are no more deals. '}
          <a href="/console/deals">Show all open deals</a>
        </p>
      ) : (
        <>
          <p class="muted">
            {found.total > found.page.deals.length
              ? `${found.page.deals.length} of ${count(found.total, 'deal')}, the newest first.`
              : `${count(found.total, 'deal')}, the newest first.`}
          </p>
          <DealTable
            caption="Deals, the newest first"
            deals={found.page.deals}
            columns={['stage', 'blocked', 'since', 'type', 'envelope']}
            now={now}
          />
        </>
      )}
      {found && (cursor !== undefined || found.page.next !== null) && (
        <nav class="pages" aria-label="Pages of the list">
          {cursor !== undefined && <a href={addressOf(filters)}>First page</a>}
          {found.page.next !== null && (
            <a rel="next" href={addressOf({ ...filters, cursor: found.page.next })}>
              Next page
            </a>
          )}
        </nav>
      )}
    </>
  );
}

function Filters({ chosen, documentTypes }: Pick<DealsPageProps, 'chosen' | 'documentTypes'>): VNode {
  const { stage, blocked, type, age } = chosen;
  // Deals may be of a type that the file no longer has.
  const types = type === undefined || documentTypes.includes(type) ? documentTypes : [...documentTypes, type];
  return (
    <form class="filters" method="get" action="/console/deals" aria-label="Filters">
      <Choice name="stage" label="Stage">
        <Option value="" words="Any open stage" chosen={stage} />
        {OPEN_STAGES.map((name) => (
          <Option value={name} words={stageWords(name)} chosen={stage} />
        ))}
        {FINAL_STAGES.map((name) => (
          <Option value={name} words={`Ended: ${stageWords(name).toLowerCase()}`} chosen={stage} />
        ))}
        <Option value="all" words="Open or ended" chosen={stage} />
      </Choice>
      <Choice name="blocked" label="Blocked">
        <Option value="" words="Blocked or not" chosen={blocked} />
        <Option value="any" words="Blocked, for any reason" chosen={blocked} />
        <Option value="no" words="Not blocked" chosen={blocked} />
        {refusalNames.map((name) => (
          <Option value={name} words={`Blocked: ${refusalWords(name)}`} chosen={blocked} />
        ))}
      </Choice>
      <Choice name="type" label="Document type">
        <Option value="" words="Any" chosen={type} />
        {types.map((name) => (
          <Option value={name} words={name} chosen={type} />
        ))}
      </Choice>
      <Choice name="age" label="In this stage for over">
        <Option value="" words="Any time" chosen={age} />
        {ageNames.map((name) => (
          <Option value={name} words={AGES[name].words} chosen={age} />
        ))}
      </Choice>
      <div class="press">
        <button type="submit" class="primary">
          Filter
        </button>
        <a href="/console/deals">Clear</a>
      </div>
    </form>
  );
}

function Choice({ name, label, children }: { name: string; label: string; children: ComponentChildren }): VNode {
  return (
    <p>
      <label for={`filter-${name}`}>{label}</label>
      <select id={`filter-${name}`} name={name}>
        {children}
      </select>
    </p>
  );
}

function Option({ value, words, chosen }: { value: string; words: string; chosen: string | undefined }): VNode {
  return (
    <option value={value} selected={value === (chosen ?? '')}>
      {words}
    </option>
  );
}
