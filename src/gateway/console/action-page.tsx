/** The page of an action: what it will do, and the form that does it. */
import type { ComponentChildren, VNode } from 'preact';
import type { Action } from '../../deal/messages.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import type { ActionForm, PartyRow } from './action-form.js';
import { addressOf } from './deal-page.js';
import { StagePill } from './deal-table.js';
import { Outward } from './links.js';
import { ACTION_WORDS, buttonWords, consequencesOf } from './words.js';

export interface ActionPageProps {
  action: Action;
  dealId: string;
  /** Null when the deal cannot be read now. */
  deal: DealSnapshot | null;
  form: ActionForm;
  /** By field name; the empty name is the form as a whole. */
  faults: ReadonlyMap<string, string>;
}

export function actionTitle(action: Action, dealId: string): string {
  return action === 'cancel' ? `Cancel deal ${dealId}` : `${ACTION_WORDS[action]} deal ${dealId}`;
}

export function ActionPage({ action, dealId, deal, form, faults }: ActionPageProps): VNode {
  const back = addressOf({ dealId });
  const danger = action === 'cancel' || (action === 'amend' && deal?.stage === 'out-for-signature');
  return (
    <div class="narrow">
      <div class="head">
        <h1>{actionTitle(action, dealId)}</h1>
        {deal && <StagePill stage={deal.stage} />}
      </div>
      <Faults faults={faults} />
      <section class={`card ${danger ? 'grave' : ''}`} aria-labelledby="consequences">
        <h2 id="consequences">What will happen</h2>
        {deal ? (
          consequencesOf(action, deal).map((line, index) => <p class={index === 0 ? 'lead' : undefined}>{line}</p>)
        ) : (
          <p>The deal cannot be read now, so nobody can tell. What you typed is kept below.</p>
        )}
        {action === 'approve' && deal && deal.reviewUrl !== null && (
          <p>
            <Outward href={deal.reviewUrl}>Look at the draft once more</Outward>
            {form.fieldsVersion && (
              <span class="muted"> Your approval is of version {form.fieldsVersion} of its fields.</span>
            )}
          </p>
        )}
      </section>
      <form class="card act" method="post" action={addressOf({ dealId }, `/${action}`)}>
        <input type="hidden" name="key" value={form.key} />
        {action === 'approve' && <input type="hidden" name="fieldsVersion" value={form.fieldsVersion} />}
        {action === 'amend' && <AmendFields form={form} faults={faults} />}
        {action !== 'remind' && <Note action={action} form={form} faults={faults} />}
        <div class="press">
          <button type="submit" class={danger ? 'danger' : 'primary'}>
            {buttonWords(action, deal)}
          </button>
          <a class="button" href={back}>
            Back to the deal
          </a>
        </div>
      </form>
    </div>
  );
}

function Faults({ faults }: Pick<ActionPageProps, 'faults'>): VNode | null {
  if (faults.size === 0) return null;
  return (
    <div class="flash bad" role="alert">
      <p>
        <strong>Not done.</strong>
      </p>
      <ul>
        {[...faults].map(([field, text]) => (
          <li>{field === '' ? text : <a href={`#${field}`}>{text}</a>}</li>
        ))}
      </ul>
    </div>
  );
}

const NOTE_WORDS: Record<Exclude<Action, 'remind'>, string> = {
  approve: 'Note (optional)',
  reject: 'What is wrong with the draft',
  amend: 'Reason',
  cancel: 'Reason',
  resume: 'Note (optional)',
};

type FieldProps = Pick<ActionPageProps, 'form' | 'faults'>;

function Note({ action, form, faults }: FieldProps & { action: Exclude<Action, 'remind'> }): VNode {
  const optional = action === 'approve' || action === 'resume';
  return (
    <Field
      id="note"
      label={NOTE_WORDS[action]}
      faults={faults}
      hint="The timeline of the deal shows it, with your name."
    >
      {(described) => (
        <textarea id="note" name="note" rows={2} maxLength={500} required={!optional} {...described}>
          {form.note}
        </textarea>
      )}
    </Field>
  );
}

function AmendFields({ form, faults }: FieldProps): VNode {
  return (
    <>
      <fieldset>
        <legend>New parties</legend>
        <p class="hint">
          To change one party, give all of them anew: names and addresses never leave the deal, so they are not shown
          here. Leave every address and name empty to keep the parties as they are.
        </p>
        {form.parties.map((party, index) => (
          <Party party={party} row={index + 1} faults={faults} />
        ))}
        <button type="submit" name="more" value="party" formnovalidate>
          Add a party
        </button>
      </fieldset>
      <Field
        id="document"
        label="New document"
        faults={faults}
        hint="file: below the document folder, or https:. Empty keeps the document."
      >
        {(described) => (
          <input
            id="document"
            name="document"
            type="text"
            inputMode="url"
            maxLength={2048}
            autocomplete="off"
            spellcheck={false}
            value={form.document}
            {...described}
          />
        )}
      </Field>
    </>
  );
}

function Party({ party, row, faults }: { party: PartyRow; row: number; faults: ActionPageProps['faults'] }): VNode {
  const text = (
    name: 'email' | 'name' | 'role' | 'order',
    label: string,
    more: Record<string, string | number> = {},
  ) => {
    const id = `party-${row}-${name}`;
    return (
      <p class={name}>
        <label for={id}>{label}</label>
        <input
          id={id}
          name={id}
          type="text"
          autocomplete="off"
          value={party[name]}
          {...more}
          {...(faults.has(id) && { 'aria-invalid': 'true' as const })}
        />
      </p>
    );
  };
  const kind = `party-${row}-kind`;
  return (
    <fieldset class="party">
      <legend>Party {row}</legend>
      {text('email', 'E-mail', { type: 'email', maxLength: 254, spellcheck: 'false' })}
      {text('name', 'Name', { maxLength: 200 })}
      {text('role', 'Role', { maxLength: 100 })}
      {text('order', 'Order', { inputMode: 'numeric', maxLength: 4 })}
      <p class="kind">
        <label for={kind}>Shall</label>
        <select id={kind} name={kind}>
          <option value="signer" selected={party.kind === 'signer'}>
            sign
          </option>
          <option value="cc" selected={party.kind === 'cc'}>
            get a copy
          </option>
          <option value="none" selected={party.kind === 'none'}>
            take no part
          </option>
        </select>
      </p>
    </fieldset>
  );
}

interface Described {
  'aria-describedby'?: string;
  'aria-invalid'?: 'true';
}

interface LabelledProps {
  id: string;
  label: string;
  hint: string;
  faults: ActionPageProps['faults'];
  children: (described: Described) => ComponentChildren;
}

function Field({ id, label, hint, faults, children }: LabelledProps): VNode {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ 'aria-describedby': `${id}-hint`, ...(faults.has(id) && { 'aria-invalid': 'true' }) })}
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}
