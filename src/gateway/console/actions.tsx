/** The pages and forms that do something to a deal: shown by GET, done by POST, told on the page of the deal. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ACTIONS, type Action } from '../../deal/messages.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import { isFinal } from '../../deal/stages.js';
import { demand, MESSAGE_DEEDS } from '../access.js';
import type { Desk } from '../desk.js';
import type { Caller } from '../identity.js';
import { logFailure, Problem, problemOf } from '../problem.js';
import {
  BLANK,
  emptyForm,
  faultsOf,
  messageFrom,
  readForm,
  textOf,
  versionOf,
  type ActionForm,
} from './action-form.js';
import { ActionPage, actionTitle, type ActionPageProps } from './action-page.js';
import { addressOf } from './deal-page.js';
import { FLASH_COOKIE, FLASH_SECONDS, flashOf } from './flash.js';
import { send } from './pages.js';
import { isSecure } from './same-origin.js';
import { visitorAt } from './visitors.js';
import { ACTION_WORDS, messageOf } from './words.js';

type Addressed = FastifyRequest<{ Params: { dealId: string } }>;

const NO_FAULTS: ActionPageProps['faults'] = new Map();

export function addActions(app: FastifyInstance, deskOf: (caller: Caller) => Desk): void {
  for (const action of ACTIONS) {
    app.get(`/console/deals/:dealId/${action}`, async (request: Addressed, reply) => {
      const desk = deskFor(request, action);
      const { dealId } = request.params;
      const deal = await desk.read(dealId);
      if (!deal.actions.includes(action)) throw notNow(action, deal);
      const form = emptyForm(deal);
      const seen = textOf(request.query, 'fieldsVersion');
      return show(request, reply, { action, dealId, deal, form, faults: staleness(seen, deal) });
    });

    app.post(`/console/deals/:dealId/${action}`, async (request: Addressed, reply) => {
      const desk = deskFor(request, action);
      const { dealId } = request.params;
      const form = readForm(request.body);
      if (textOf(request.body, 'more') !== '') {
        const more = { ...form, parties: [...form.parties, BLANK] };
        return show(request, reply, { action, dealId, deal: await desk.read(dealId), form: more, faults: NO_FAULTS });
      }
      try {
        const answer = await desk.tell(dealId, messageOf(action), messageFrom(action, form), form.key);
        return reply
          .setCookie(FLASH_COOKIE, flashOf(dealId, action, answer), {
            path: '/console',
            httpOnly: true,
            sameSite: 'strict',
            secure: isSecure(request),
            maxAge: FLASH_SECONDS,
          })
          .redirect(addressOf({ dealId }), 303);
      } catch (error) {
        const problem = problemOf(error);
        if (problem.status === 404) throw error;
        logFailure(error, request);
        const deal = await desk.read(dealId).catch(() => null);
        const faults = faultsOf(problem, form);
        return show(request, reply.code(problem.status).headers(problem.headers), {
          ...{ action, dealId, deal, faults },
          form: mended(form, problem, deal),
        });
      }
    });
  }

  function deskFor(request: Addressed, action: Action): Desk {
    const { caller } = visitorAt(request);
    demand(caller, MESSAGE_DEEDS[messageOf(action)]);
    return deskOf(caller);
  }
}

function show(request: FastifyRequest, reply: FastifyReply, props: ActionPageProps): FastifyReply {
  return send(request, reply, { title: actionTitle(props.action, props.dealId), body: <ActionPage {...props} /> });
}

/** The form again. Where the message may have arrived all the same it keeps its name, so that the next try cannot count twice. */
function mended(form: ActionForm, { status }: Problem, deal: DealSnapshot | null): ActionForm {
  if (status >= 500 || deal === null) return form;
  const { key, fieldsVersion } = emptyForm(deal);
  return { ...form, key, fieldsVersion };
}

function staleness(seen: string, deal: DealSnapshot): ActionPageProps['faults'] {
  const now = versionOf(deal);
  if (seen === '' || seen === now) return NO_FAULTS;
  const text = `The fields have changed since you opened the deal: they are at version ${now} now. Look at the draft again before you go on.`;
  return new Map([['', text]]);
}

function notNow(action: Action, deal: DealSnapshot): Problem {
  const { dealId, stage } = deal;
  if (isFinal(stage)) return new Problem(409, 'deal-ended', `Deal ${dealId} has ended: ${stage}.`);
  const words = ACTION_WORDS[action].toLowerCase();
  return new Problem(
    409,
    'not-now',
    `Deal ${dealId} takes no “${words}” as it stands (${stage}). Somebody may have been faster.`,
  );
}
