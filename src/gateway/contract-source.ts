/** What the contract of a deal is made from: a document of its own, the template of its document type, or an envelope that is there. */
import { readParties } from '../deal/messages.js';
import type { Party } from '../deal/party.js';
import type { Policy, TemplatePolicy } from '../deal/policy.js';
import type { DealStart } from '../deal/start.js';
import type { StartBody } from './bodies.js';
import { invalidBody, type FieldProblem } from './problem.js';

/** Throws the 422 that names every field that the document type cannot do with, or without. */
export function contractSource(
  body: StartBody,
  policy: Policy,
): Pick<DealStart, 'document' | 'prefill' | 'envelopeId' | 'parties'> {
  if (body.envelopeId !== undefined) return takenOver(body, body.envelopeId);
  const parties = partiesOf(body);
  const { template } = policy;
  if (!body.document && template) return { ...filledIn(body, template), parties };
  const problems = problemsOfDocument(body, policy);
  if (!body.document || problems.length > 0) throw invalidBody(problems);
  return { document: body.document, parties };
}

/** The envelope brings its document, and its parties where none are named. */
function takenOver(body: StartBody, envelopeId: string): Pick<DealStart, 'envelopeId' | 'parties'> {
  const problems = (['document', 'prefill', 'metadata'] as const)
    .filter((name) => body[name] !== undefined)
    .map((path) => ({ path, message: 'is the envelope’s own when envelopeId is given; leave one of them out' }));
  if (problems.length > 0) throw invalidBody(problems);
  return { envelopeId, parties: body.parties === undefined ? [] : partiesOf(body) };
}

function partiesOf({ parties }: StartBody): Party[] {
  if (parties === undefined) throw invalidBody([{ path: 'parties', message: 'is missing' }]);
  const read = readParties(parties);
  if (read.value === undefined) throw invalidBody([{ path: 'parties', message: read.problem }]);
  return read.value;
}

function problemsOfDocument({ documentType, document, prefill }: StartBody, policy: Policy): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (!document) {
    const message = `is missing: contracts of the type ${documentType} are made from a document, for example {"uri": "file:order-form.pdf"}`;
    problems.push({ path: 'document', message });
  } else if (policy.upload === 'link' && !/^https:/i.test(document.uri)) {
    const message = `must begin with https:, since the provider fetches the documents of ${documentType} itself`;
    problems.push({ path: 'document.uri', message });
  }
  if (prefill !== undefined) {
    const message = policy.template
      ? 'fills the template only, and this deal brings its own document; leave one of them out'
      : `fills a template, and ${documentType} has none; leave it out`;
    problems.push({ path: 'prefill', message });
  }
  return problems;
}

/** The deal's properties under the template's own names; those that no key asks for go no further. */
function filledIn(
  { documentType, prefill, parties = [] }: StartBody,
  template: TemplatePolicy,
): Pick<DealStart, 'prefill'> {
  const properties = new Map(Object.entries(prefill ?? {}));
  const problems: FieldProblem[] = [];
  const filled: Record<string, string> = {};
  for (const [key, property] of Object.entries(template.prefill)) {
    const text = properties.get(property);
    if (text === undefined || text.trim() === '') {
      const what = text === undefined ? 'is missing' : 'is empty';
      const message = `${what}; the template of ${documentType} fills ${key} with it`;
      problems.push({ path: `prefill.${property}`, message });
    } else {
      filled[key] = text;
    }
  }
  problems.push(...problemsOfRoles(documentType, parties));
  if (problems.length > 0) throw invalidBody(problems);
  return { prefill: filled };
}

/** Which fields of a template are whose is a matter of roles alone; each is one signer's. */
function problemsOfRoles(documentType: string, parties: NonNullable<StartBody['parties']>): FieldProblem[] {
  const taken = new Set<string>();
  return parties.flatMap(({ role, role_type: kind }, index) => {
    if (kind === 'cc') return [];
    const path = `parties[${index}].role`;
    if (role === undefined)
      return [{ path, message: `is missing; the template of ${documentType} knows its signers by their roles` }];
    if (taken.has(role)) return [{ path, message: 'is the role of another signer; each role is one signer’s' }];
    taken.add(role);
    return [];
  });
}
