/** One deal: what it waits for, what can be done now, how far its signers are, and all that happened. */
import type { ComponentChildren, VNode } from 'preact';
import type { Action } from '../../deal/messages.js';
import type { PartyProgress } from '../../deal/party.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import { isFinal } from '../../deal/stages.js';
import { may } from '../access.js';
import type { Caller } from '../identity.js';
import { BlockedPill, isOverdue, StagePill } from './deal-table.js';
import { Outward } from './links.js';
import { Moment } from './moments.js';
import { ACTION_WORDS, actionsFor, count, PARTY_WORDS } from './words.js';

export interface DealPageProps {
  deal: DealSnapshot;
  caller: Caller;
  /** The round that was asked for by its number. */
  round: number | undefined;
  /** The run in Temporal's UI; null where no UI is known. */
  run: string | null;
  /** Names the forms of this page: the same one sent twice counts once. */
  form: string;
  now: number;
}

export function DealView(props: DealPageProps): VNode {
  const { deal, round, now } = props;
  const { dealId } = deal;
  return (
    <>
      <div class="head">
        <h1>
          Deal <span class="id">{dealId}</span>
          {deal.round > 1 && <span class="muted"> round {deal.round}</span>}
        </h1>
        <StagePill stage={deal.stage} />
        {deal.blocked && <BlockedPill reason={deal.blocked.reason} />}
      </div>
      {round !== undefined && (
        <p class="muted">
          This is round {deal.round}. <a href={addressOf(deal)}>Show the latest round.</a>
        </p>
      )}
      <div class="columns">
        <div>
          <Standing {...props} />
          <Actions {...props} />
          <Signers deal={deal} />
        </div>
        <div>
          <Facts {...props} />
        </div>
      </div>
      <Timeline deal={deal} now={now} />
    </>
  );
}

export function addressOf({ dealId }: Pick<DealSnapshot, 'dealId'>, rest = ''): string {
  return `/console/deals/${encodeURIComponent(dealId)}${rest}`;
}

/** What it waits for, why, and since when. */
function Standing({ deal, now }: DealPageProps): VNode {
  const { blocked, stage, since, waitingFor, reviewDue, expiresAt } = deal;
  return (
    <section class={`card ${blocked ? 'stands' : ''}`} aria-labelledby="standing">
      <h2 id="standing">{isFinal(stage) ? 'How it ended' : blocked ? 'Why it stands still' : 'What it waits for'}</h2>
      {blocked ? (
        <>
          <p class="lead">{blocked.hint}</p>
          {blocked.detail && <p>What was said: {blocked.detail}</p>}
        </>
      ) : (
        <p class="lead">{waitingFor ? `It waits for ${waitingFor}.` : 'For nothing more.'}</p>
      )}
      <dl class="facts">
        {blocked && (
          <Fact name="Blocked since">
            <Moment at={blocked.since} now={now} />
          </Fact>
        )}
        <Fact name={isFinal(stage) ? 'Ended' : 'In this stage since'}>
          <Moment at={since} now={now} />
        </Fact>
        {reviewDue && (
          <Fact name="Review due">
            {isOverdue(deal, now) && <span class="pill late">Overdue</span>} <Moment at={reviewDue} now={now} />
          </Fact>
        )}
        {expiresAt && (
          <Fact name="Voided unless signed by">
            <Moment at={expiresAt} now={now} />
          </Fact>
        )}
      </dl>
    </section>
  );
}

/** Drafts of somebody else's making at DocuSign bring no address of ours along. */
function ReviewLink({ deal, caller }: Pick<DealPageProps, 'deal' | 'caller'>): VNode | null {
  const text = 'Open the provider’s review page';
  if (deal.reviewUrl !== null) {
    return (
      <p>
        <Outward href={deal.reviewUrl}>{text}</Outward>
      </p>
    );
  }
  const drafted = deal.provider === 'docusign' && deal.stage === 'in-review' && deal.envelopeId !== null;
  if (!drafted || !may(caller, 'see the review link')) return null;
  return (
    <p>
      <a href={addressOf(deal, '/review-page')}>{text}</a>
    </p>
  );
}

function Actions({ deal, caller, form }: DealPageProps): VNode {
  const actions = actionsFor(caller, deal);
  // DocuSign gives none out.
  const hasLinks = deal.provider !== 'docusign';
  const signLink = hasLinks && deal.stage === 'out-for-signature' && may(caller, 'fetch the sign link');
  return (
    <section class="card" aria-labelledby="actions">
      <h2 id="actions">What you can do</h2>
      <ReviewLink deal={deal} caller={caller} />
      {actions.length === 0 && !signLink ? (
        <p class="muted">
          {deal.actions.length === 0
            ? 'Nothing needs to be or can be done by hand now.'
            : `Nothing, as ${caller.role}. Another role can: ${deal.actions.join(', ')}.`}
        </p>
      ) : (
        <div class="actions">
          {actions.map((action) => (
            <ActionButton deal={deal} action={action} form={form} />
          ))}
          {signLink && (
            <a class="button" href={addressOf(deal, '/sign-link')}>
              Get the sign link
            </a>
          )}
        </div>
      )}
    </section>
  );
}

/** What sends or voids something is asked for on a page of its own first. */
function ActionButton({ deal, action, form }: { deal: DealSnapshot; action: Action; form: string }): VNode {
  const address = addressOf(deal, `/${action}`);
  if (action === 'remind' || action === 'resume') {
    return (
      <form method="post" action={address}>
        <input type="hidden" name="key" value={`${action}-${form}`} />
        <button type="submit" class={action === 'resume' ? 'primary' : undefined}>
          {ACTION_WORDS[action]}
        </button>
      </form>
    );
  }
  const version = action === 'approve' && deal.fieldsVersion !== null ? `?fieldsVersion=${deal.fieldsVersion}` : '';
  const look = action === 'approve' ? 'primary' : action === 'cancel' ? 'danger' : '';
  return (
    <a class={`button ${look}`} href={`${address}${version}`}>
      {`${ACTION_WORDS[action]} …`}
    </a>
  );
}

function Signers({ deal: { parties } }: { deal: DealSnapshot }): VNode {
  const signers = parties.filter(({ status }) => status !== 'copied');
  const signed = signers.filter(({ status }) => status === 'signed').length;
  return (
    <section class="card" aria-labelledby="signers">
      <h2 id="signers">
        Signers{' '}
        <span class="muted">
          {signed} of {signers.length} signed
        </span>
      </h2>
      <ol class="signers">
        {parties.map((party) => (
          <Signer {...party} />
        ))}
      </ol>
    </section>
  );
}

function Signer({ role, order, status }: PartyProgress): VNode {
  return (
    <li class={status}>
      <span class="turn">{status === 'copied' ? 'cc' : order}</span>
      <span class="role">{role}</span>
      <span class={`pill signer ${status}`}>{PARTY_WORDS[status]}</span>
    </li>
  );
}

function Facts({ deal, run, now }: DealPageProps): VNode {
  const { documentType, provider, document, envelopeId, revision, fieldsStatus, fieldsVersion, credits, signedPdf } =
    deal;
  return (
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">The contract</h2>
      <dl class="facts">
        <Fact name="Document type">{documentType}</Fact>
        <Fact name="Provider">{provider}</Fact>
        {document && (
          <Fact name="Document">
            {document.kind.toUpperCase()}, {count(document.bytes, 'byte')}
            <br />
            <span class="muted">sha256</span> <code>{document.sha256}</code>
          </Fact>
        )}
        <Fact name="Envelope">{envelopeId === null ? 'none yet' : <code>{envelopeId}</code>}</Fact>
        <Fact name="Revision">{revision}</Fact>
        {fieldsStatus !== null && (
          <Fact name="Fields">
            {fieldsStatus.replaceAll('_', ' ')}
            {fieldsVersion !== null && `, version ${fieldsVersion}`}
          </Fact>
        )}
        <Fact name="Credits">
          {credits.spent} spent, {credits.refunded} refunded
        </Fact>
        {signedPdf && (
          <Fact name="Signed PDF">
            <code>{signedPdf.uri}</code>
            <br />
            {count(signedPdf.pages, 'page')}, {count(signedPdf.bytes, 'byte')}
            <br />
            <span class="muted">sha256</span> <code>{signedPdf.sha256}</code>
          </Fact>
        )}
        {run !== null && (
          <Fact name="Run">
            <Outward href={run}>Open it in Temporal’s UI</Outward>
          </Fact>
        )}
      </dl>
      {deal.replaced.length > 0 && (
        <>
          <h3>Envelopes before this one</h3>
          <ol class="lineage">
            {[...deal.replaced].reverse().map((old) => (
              <li>
                <code>{old.envelopeId}</code> <span class="muted">revision {old.revision}</span>
                <br />
                Replaced by {old.by}: {old.why}
                <br />
                <Moment at={old.at} now={now} />
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function Timeline({ deal, now }: { deal: DealSnapshot; now: number }): VNode {
  return (
    <section class="card" aria-labelledby="timeline">
      <h2 id="timeline">
        Timeline <span class="muted">newest first</span>
      </h2>
      <ol class="timeline" reversed>
        {[...deal.timeline].reverse().map(({ at, what, by }) => (
          <li>
            <span class="what">{what}</span>
            <span class="by">{by}</span>
            <Moment at={at} now={now} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
