/** What each provider gets of the deals of a document type, as the document types file has it. */
import { readFileSync } from 'node:fs';
import { readDocumentTypes } from '../../config/document-types.js';
import type { Policy, ProviderName } from '../../deal/policy.js';
import { setIn } from './json-edit.js';
import { NotWritable, replaceFile } from './replace-file.js';
import type { TypesFile } from './settings.js';

export type Shares = Record<ProviderName, number>;

/** It is not done, and the message says what to do instead. */
export class NotDone extends Error {
  override readonly name = 'NotDone';
}

/** How a type stands in the file. */
export interface TypeStanding {
  shares: Shares;
  /** Has a `docusign` of its own, and whether that says where its signers sign. */
  docusign: 'absent' | 'without-fields' | 'complete';
  /** A draft at Atlas is made of every deal by DocuSign. */
  shadowed: boolean;
}

/** Every type of the file. Throws `NotDone` with what is wrong with it. */
export function standingsIn({ path, readBackFirstMs }: TypesFile): Map<string, TypeStanding> {
  const { value: policies, problems } = readDocumentTypes(path, readBackFirstMs);
  if (!policies) throw new NotDone(`${problems.join('; ')}: mend it first`);
  const written = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Written>;
  return new Map(
    [...policies].map(([name, policy]) => [
      name,
      {
        shares: sharesOf(policy),
        docusign: ownOf(written[name]),
        shadowed: written[name]?.shadow !== undefined,
      },
    ]),
  );
}

interface Written {
  docusign?: { fields?: unknown; template?: unknown };
  shadow?: string;
}

function ownOf(written: Written | undefined): TypeStanding['docusign'] {
  const own = written?.docusign;
  if (!own) return 'absent';
  return own.fields === undefined && own.template === undefined ? 'without-fields' : 'complete';
}

export function sharesOf({ provider, dual }: Policy): Shares {
  return dual?.shares ?? { atlas: provider === 'atlas' ? 100 : 0, docusign: provider === 'docusign' ? 100 : 0 };
}

export interface Changed {
  before: Shares;
  after: Shares;
  standing: TypeStanding;
}

/**
 * Gives Atlas `percent` of the type's new deals and DocuSign the rest; with `dryRun` it only looks whether that could be. Throws `NotDone`, and
 * then the file is as it was.
 */
export async function setShare(
  file: TypesFile,
  type: string,
  percent: number,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<Changed> {
  const after: Shares = { atlas: percent, docusign: 100 - percent };
  let standing = possible(file, type, after);
  const changed = (): Changed => ({ before: standing.shares, after, standing });
  if (dryRun) return changed();
  const value = `{ "atlas": ${after.atlas}, "docusign": ${after.docusign} }`;
  try {
    await replaceFile(
      file.path,
      (text) => {
        standing = possible(file, type, after);
        if (standing.shares.atlas === percent) return null;
        const edited = setIn(text, type, 'provider', value);
        if (edited === undefined) throw new NotDone(`${type} cannot be found in DOCUMENT_TYPES: change it by hand`);
        return edited;
      },
      (temporary) => sameButFor(file, temporary, type, after),
    );
  } catch (error) {
    if (!(error instanceof NotWritable)) throw error;
    throw new NotDone(
      `DOCUMENT_TYPES is as it was: ${error.message}. Where it comes from a ConfigMap or an image, change it there: under ${JSON.stringify(type)} set "provider": ${value}`,
    );
  }
  return changed();
}

function possible(file: TypesFile, type: string, { docusign }: Shares): TypeStanding {
  const standings = standingsIn(file);
  const standing = standings.get(type);
  if (!standing) throw new NotDone(`DOCUMENT_TYPES has no type ${type}; it has ${[...standings.keys()].join(', ')}`);
  if (docusign > 0 && standing.docusign === 'absent') {
    const example = '"docusign": {"fields": [{"kind": "signature", "role": "Customer", "anchor": "/sign here/"}]}';
    throw new NotDone(
      `${type} has no "docusign", so DocuSign would not know where anybody signs: give it its fields or a template first, for example ${example}`,
    );
  }
  return standing;
}

/** What gateway and worker will read, looked at before they do. */
function sameButFor(file: TypesFile, temporary: string, type: string, after: Shares): void {
  const { value: policies, problems } = readDocumentTypes(temporary, file.readBackFirstMs);
  if (!policies)
    throw new NotDone(`DOCUMENT_TYPES is as it was, since the change would spoil it: ${problems.join('; ')}`);
  const policy = policies.get(type);
  const [before, now] = [file.path, temporary].map((path) => JSON.parse(readFileSync(path, 'utf8')) as Types);
  const rest = (types: Types = {}) => {
    const { provider: _changed, ...others } = types[type] ?? {};
    return JSON.stringify({ ...types, [type]: others });
  };
  const right = policy && sharesOf(policy).atlas === after.atlas && rest(before) === rest(now);
  if (!right) throw new NotDone(`DOCUMENT_TYPES is as it was: its provider for ${type} must be changed by hand`);
}

type Types = Record<string, Record<string, unknown>>;
