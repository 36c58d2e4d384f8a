import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';

/** Says that the folder is there and can be read. Throws what hinders it. */
export async function readableFolder(folder: string): Promise<string> {
  const facts = await stat(folder).catch((error: unknown) => {
    throw new Error(`${folder} cannot be looked at (${codeOf(error)})`);
  });
  if (!facts.isDirectory()) throw new Error(`${folder} is no folder`);
  await access(folder, constants.R_OK | constants.X_OK).catch((error: unknown) => {
    throw new Error(`${folder} cannot be read (${codeOf(error)})`);
  });
  return `${folder} can be read`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
