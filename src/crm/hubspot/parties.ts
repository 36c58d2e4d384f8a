/** Who signs: contacts of the deal by their association labels, and fixed people of the company. */
import type { RequestedParty } from '../../deal/request.js';
import { linkedTo, type Linked } from './associations.js';
import type { HubSpotCalls } from './calls.js';
import type { HubSpotMapping, MappedParty } from './mapping.js';

/** `lacking` says what people have to mend at the deal; it names labels and roles, and nobody. */
export type FoundParties =
  { parties: RequestedParty[]; lacking?: undefined } | { parties?: undefined; lacking: string[] };

type Person = { email: string | null; name: string };

/** Throws `CrmError`. */
export async function partiesOf(
  calls: HubSpotCalls,
  dealId: string,
  mapped: HubSpotMapping['parties'],
): Promise<FoundParties> {
  const contacts = mapped.some((party) => 'contact' in party) ? await linkedTo(calls, dealId, 'contacts') : [];
  const chosen = mapped.map((party) => ('contact' in party ? chosenFor(party.contact, contacts) : null));
  const people = await peopleOf(
    calls,
    chosen.flatMap((choice) => choice?.id ?? []),
  );
  const parties: RequestedParty[] = [];
  const lacking: string[] = [];
  mapped.forEach((party, index) => {
    const found = personFor(party, chosen[index] ?? null, people);
    if (typeof found === 'string') lacking.push(found);
    else {
      const { role, kind } = party;
      parties.push({
        email: found.email,
        ...(found.name && { name: found.name }),
        role,
        role_type: kind,
        order: index + 1,
      });
    }
  });
  return lacking.length > 0 ? { lacking } : { parties };
}

type Choice = { id: string } | { id?: undefined; lacking: string };

/**
 * Exactly one contact, by its label whatever its case. HubSpot knows no primary contact of a deal of its own, so `primary` is the one with a
 * label of that name, or else the only contact there is.
 */
function chosenFor(label: string, contacts: readonly Linked[]): Choice {
  const labelled = contacts.filter(({ labels }) => labels.some((own) => same(own, label)));
  const candidates = labelled.length === 0 && same(label, 'primary') ? contacts : labelled;
  const [only, ...others] = candidates;
  if (only && others.length === 0) return { id: only.id };
  if (!only) {
    return {
      lacking: same(label, 'primary') ? 'the deal has no contact' : `no contact of the deal has the label "${label}"`,
    };
  }
  return {
    lacking:
      labelled.length === 0
        ? `the deal has ${candidates.length} contacts and none has the label "${label}"`
        : `${candidates.length} contacts of the deal have the label "${label}", and only one may`,
  };
}

function personFor(
  party: MappedParty,
  choice: Choice | null,
  people: ReadonlyMap<string, Person>,
): { email: string; name: string } | string {
  if ('email' in party) return { email: party.email, name: party.name ?? '' };
  const what = `For the role "${party.role}"`;
  if (choice?.id === undefined) return `${what} ${choice?.lacking ?? 'there is no contact'}.`;
  const person = people.get(choice.id);
  if (!person?.email) return `${what} the contact with the label "${party.contact}" has no e-mail address.`;
  return { email: person.email, name: person.name };
}

async function peopleOf(calls: HubSpotCalls, ids: readonly string[]): Promise<Map<string, Person>> {
  if (ids.length === 0) return new Map();
  const { results } = await calls.call('read the contacts of the deal', ({ crm }, options) =>
    crm.contacts.batchApi.read(
      {
        inputs: [...new Set(ids)].map((id) => ({ id })),
        properties: ['email', 'firstname', 'lastname'],
        propertiesWithHistory: [],
      },
      undefined,
      options,
    ),
  );
  return new Map(
    results.map(({ id, properties: { email = null, firstname, lastname } }) => [
      id,
      { email, name: [firstname, lastname].filter(Boolean).join(' ') },
    ]),
  );
}

function same(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}
