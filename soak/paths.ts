/** The ways a deal can go, and how often each is taken. */
import type { FinalStage, OpenStage } from '../src/deal/stages.js';
import { isLastTurn, isOut, signedBy, turnOf, type Step, type View } from './cast.js';
import type { DocumentType } from './contracts.js';
import * as deeds from './deeds.js';
import { together, inTurn, type Deed } from './deeds.js';

export interface Path {
  name: string;
  weight: number;
  /** How it may end. Several where people race against each other on purpose. */
  ends: readonly FinalStage[];
  documentType: DocumentType;
  /** What the deal's document is at first; null for the template of its type. */
  document: 'usual' | 'late' | 'nonsense' | null;
  signers: 'one' | 'two' | 'three';
  /** What Atlas's field detection makes of it. */
  detection: 'ready' | 'failed' | 'recovered_empty' | 'never';
  /** The CRM says it twice. */
  startedTwice: boolean;
  /** Done in this order, each once; meanwhile and afterwards people do what is usual. */
  steps: readonly Step[];
  /** Whether the reviewer approves now, whether the signer whose turn it is signs now. */
  reviews: (view: View) => boolean;
  signs: (view: View) => boolean;
  /** What must stand on the timeline, or among the CRM's notes, in the end. */
  tells?: RegExp;
  notes?: RegExp;
}

const always = (): boolean => true;
const never = (): boolean => false;
const revised = ({ deal }: View): boolean => deal.revision > 1;
const at =
  (...stages: OpenStage[]) =>
  ({ deal }: View): boolean =>
    deal.blocked === null && stages.some((stage) => stage === deal.stage);
const blocked =
  (reason: string) =>
  ({ deal }: View): boolean =>
    deal.blocked?.reason === reason;
const waitsFor =
  (signer: number) =>
  (view: View): boolean =>
    isOut(view) && turnOf(view) === signer;
const reminded = ({ envelope }: View): boolean => envelope?.mails.some(({ kind }) => kind === 'reminder') ?? false;

function path(
  name: string,
  weight: number,
  details: Partial<Omit<Path, 'name' | 'weight' | 'steps'>>,
  ...steps: [Step['when'], Deed][]
): Path {
  return {
    name,
    weight,
    ends: ['completed'],
    documentType: 'plain',
    document: 'usual',
    signers: 'two',
    detection: 'ready',
    startedTwice: false,
    reviews: always,
    signs: always,
    ...details,
    steps: steps.map(([when, does]) => ({ when, does })),
  };
}

const declined = { ends: ['declined'] } as const;
const voided = { ends: ['voided'], reviews: never, signs: never } as const;
const cancelled = { ends: ['cancelled'], signs: never } as const;
const unreviewed = { ...cancelled, reviews: never } as const;

export const PATHS: readonly Path[] = [
  path('happy', 30, {}),
  path('in-base64', 6, { documentType: 'base64' }),
  path('three-signers', 10, { signers: 'three' }),
  path('started-twice', 8, { startedTwice: true }),
  path('from-the-review-page', 10, { reviews: never }, [at('in-review'), deeds.pressSend]),
  path('template', 10, { documentType: 'templated', document: null }),
  path('trusted-template', 16, { documentType: 'trusted', document: null, signers: 'one' }),

  path('fields-failed', 6, { detection: 'failed' }, [at('in-review'), deeds.placeFields]),
  path('fields-empty', 6, { detection: 'recovered_empty' }, [at('in-review'), deeds.placeFields]),
  path('document-missing', 8, { document: 'late' }, [blocked('document-unavailable'), deeds.putDocument]),
  path('document-refused', 5, { document: 'nonsense' }, [blocked('document-refused'), deeds.amendDocument]),
  path('review-overdue', 5, { documentType: 'slow-review', reviews: isOverdue, notes: /overdue/ }),

  path(
    'rejected',
    10,
    { reviews: revised },
    [at('in-review'), deeds.reject],
    [blocked('review-rejected'), deeds.amendDocument],
  ),
  path('amended-early', 6, { reviews: revised }, [at('preparing', 'detecting', 'in-review'), deeds.amendDocument]),
  path('amended-in-review', 6, { reviews: revised }, [at('in-review'), deeds.amendParties]),
  path('amended-when-out', 10, { signs: revised }, [isOut, deeds.amendParties]),
  path('amended-half-signed', 6, { signs: (view) => revised(view) || signedBy(view) === 0 }, [
    waitsFor(2),
    deeds.amendDocument,
  ]),

  path('reassigned', 6, { tells: /signed by somebody else/ }, [isOut, deeds.reassign]),
  path('reminded', 6, { tells: /reminder asked/ }, [isOut, deeds.remind]),
  path('reminded-by-policy', 6, { documentType: 'reminded', signs: reminded, tells: /signer reminded/ }),

  path('declined-first', 6, declined, [waitsFor(1), deeds.decline]),
  path('declined-second', 6, declined, [waitsFor(2), deeds.decline]),
  path('voided-draft', 4, voided, [at('in-review'), deeds.voidThere]),
  path('voided-when-out', 6, { ...voided, reviews: always }, [isOut, deeds.voidThere]),
  path('expired', 8, { documentType: 'expiring', ends: ['expired'], signs: never }),

  path('cancelled-at-once', 4, unreviewed, [always, deeds.cancel]),
  path('cancelled-blocked', 4, { ...unreviewed, document: 'late' }, [blocked('document-unavailable'), deeds.cancel]),
  path('cancelled-detecting', 4, { ...unreviewed, detection: 'never' }, [at('detecting'), deeds.cancel]),
  path('cancelled-in-review', 4, unreviewed, [at('in-review'), deeds.cancel]),
  path('cancelled-sending', 6, unreviewed, [at('in-review'), inTurn(deeds.approve, deeds.cancel)]),
  path('cancelled-when-out', 6, cancelled, [isOut, deeds.cancel]),
  path('cancelled-half-signed', 5, { ends: ['cancelled'], signs: (view) => signedBy(view) === 0 }, [
    waitsFor(2),
    deeds.cancel,
  ]),
  path('cancelled-too-late', 5, {}, [isLastTurn, inTurn(deeds.sign, deeds.cancel)]),
  path('deleted-in-crm', 6, cancelled, [at('in-review'), deeds.deleteFromCrm]),
  path('deleted-in-crm-late', 4, {}, [isLastTurn, deeds.deleteFromCrm]),

  path('signed-or-cancelled', 6, { ends: ['completed', 'cancelled'], signs: racing }, [
    isLastTurn,
    together(deeds.sign, deeds.cancel),
  ]),
  path('signed-or-amended', 6, { signs: (view) => racing(view) || revised(view) }, [
    isLastTurn,
    together(deeds.sign, deeds.amendDocument),
  ]),
  path('signed-or-expired', 6, { documentType: 'expiring', ends: ['completed', 'expired'], signs: never }, [
    almostExpired,
    deeds.signWhenTimeIsUp,
  ]),
  path('declined-or-cancelled', 5, { ends: ['declined', 'cancelled'], signs: never }, [
    isOut,
    together(deeds.decline, deeds.cancel),
  ]),
  path('sent-twice', 6, { reviews: never }, [at('in-review'), together(deeds.approve, deeds.pressSend)]),
  path('sent-or-cancelled', 5, unreviewed, [at('in-review'), together(deeds.pressSend, deeds.cancel)]),
  path('fields-or-approved', 5, {}, [at('in-review'), together(deeds.approve, deeds.placeFields)]),
];

/** All but the last signer sign before the race. */
function racing(view: View): boolean {
  return !isLastTurn(view);
}

function almostExpired(view: View): boolean {
  return isOut(view) && deeds.secondsLeft(view) < 6;
}

/** The reviewer takes their time until somebody complains. */
function isOverdue({ deal }: View): boolean {
  return deal.timeline.some(({ what }) => what.includes('overdue'));
}
