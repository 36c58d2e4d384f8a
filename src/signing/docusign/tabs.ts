/** Fields by anchor, as DocuSign's tabs, and back. */
import type { FieldByAnchor } from '../../deal/policy.js';
import type { PlacedField } from '../provider.js';
import { impossible } from './errors.js';
import type { Recipient } from './schemas.js';

const LIST_OF: Readonly<Record<FieldByAnchor['kind'], string>> = {
  signature: 'signHereTabs',
  initials: 'initialHereTabs',
  date: 'dateSignedTabs',
  name: 'fullNameTabs',
  text: 'textTabs',
  checkbox: 'checkboxTabs',
};
const KIND_OF = new Map(Object.entries(LIST_OF).map(([kind, list]) => [list, kind as FieldByAnchor['kind']]));

type Tab = Record<string, string>;
export type Tabs = Record<string, Tab[]>;

/** The tabs of the signer with this role. */
export function tabsFor(role: string | undefined, fields: readonly FieldByAnchor[]): Tabs {
  const tabs: Tabs = {};
  for (const field of fields) if (field.role === role) (tabs[LIST_OF[field.kind]] ??= []).push(tabOf(field));
  return tabs;
}

/** Throws `ProviderError` (`invalid`) for a field whose role no signer has. */
export function checkRoles(fields: readonly FieldByAnchor[], roles: readonly (string | undefined)[]): void {
  const lost = fields.filter(({ role }) => !roles.includes(role)).map(({ anchor, role }) => `“${anchor}” (${role})`);
  if (lost.length > 0)
    throw impossible(`no signer has the role that these fields are for: ${[...new Set(lost)].join(', ')}`);
}

function tabOf({ kind, anchor, xOffset = 0, yOffset = 0, label, optional }: FieldByAnchor): Tab {
  return {
    anchorString: anchor,
    anchorUnits: 'pixels',
    anchorXOffset: String(xOffset),
    anchorYOffset: String(yOffset),
    // A text that is missing is to be noticed, and `/s1` must not be found in `/s10`; the specification has had both defaults.
    anchorIgnoreIfNotPresent: 'false',
    anchorMatchWholeWord: 'true',
    ...(label !== undefined && { tabLabel: label }),
    ...(optional !== undefined && optionality(kind, optional)),
  };
}

function optionality(kind: FieldByAnchor['kind'], optional: boolean): Tab {
  switch (kind) {
    case 'signature':
    case 'initials':
      return { optional: String(optional) };
    case 'text':
    case 'checkbox':
      return { required: String(!optional) };
    default:
      return {};
  }
}

export function placedFields(signers: readonly Recipient[]): PlacedField[] {
  return signers.flatMap(({ tabs = {}, roleName }) =>
    Object.entries(tabs).flatMap(([list, entries]) =>
      entries.map(({ pageNumber }) => ({
        kind: KIND_OF.get(list) ?? ('other' as const),
        role: roleName ?? null,
        page: pageNumber !== undefined && pageNumber > 0 ? pageNumber : null,
      })),
    ),
  );
}
