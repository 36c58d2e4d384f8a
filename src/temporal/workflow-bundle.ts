/** The code of the workflows as a worker takes it: one bundle for each way a worker may be set up. */
import { access, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';

/** What cannot be switched at run time, since it is fixed inside the bundle. */
export interface BundleKind {
  /** Says of each workflow whether it stays with its build; Temporal refuses that from workers without versions. */
  versioned: boolean;
  /** Makes spans, at the price of memory for each cached deal. */
  traced: boolean;
  /** Encodes what failures say; without keys that would only hide it. */
  encrypted: boolean;
}

const YES_NO = [false, true] as const;
export const BUNDLE_KINDS: readonly BundleKind[] = YES_NO.flatMap((versioned) =>
  YES_NO.flatMap((traced) => YES_NO.map((encrypted) => ({ versioned, traced, encrypted }))),
);

const built = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export function bundleFile(kind: BundleKind): string {
  const marks = (['versioned', 'traced', 'encrypted'] as const).filter((mark) => kind[mark]);
  return built(`${['workflow-bundle', ...marks].join('-')}.js`);
}

/**
 * The bundle's file. The build makes the plain one, and all of them for images (`npm run build -- --all`); another is made when a worker first
 * asks for it, which takes some seconds. Two workers may do so at once.
 */
export async function workflowBundle(kind: BundleKind): Promise<{ codePath: string } | { code: string }> {
  const codePath = bundleFile(kind);
  if (
    await access(codePath).then(
      () => true,
      () => false,
    )
  )
    return { codePath };
  const code = await bundleCode(kind);
  try {
    await keep(codePath, code);
  } catch {
    // A folder that cannot be written, as in most containers, only means that the next worker makes it again.
  }
  return { code };
}

/** Makes the bundle anew and puts it in its place. Throws what webpack says of code that cannot be bundled. */
export async function makeBundle(kind: BundleKind): Promise<void> {
  await keep(bundleFile(kind), await bundleCode(kind));
}

async function keep(path: string, code: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, path);
}

async function bundleCode({ versioned, traced, encrypted }: BundleKind): Promise<string> {
  const { resolve } = createRequire(import.meta.url);
  const spans = traced
    ? [resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors'), built('tracing/workflow-links.js')]
    : [];
  const { code } = await bundleWorkflowCode({
    workflowsPath: built(versioned ? 'workflows/versioned.js' : 'workflows/index.js'),
    workflowInterceptorModules: [...spans, built('workflows/log-attributes.js')],
    ...(encrypted && { failureConverterPath: built('workflows/encoded-failures.js') }),
    logger: QUIET,
  });
  return code;
}

const nothing = (): void => undefined;
const QUIET: Logger = {
  log: nothing,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: (message) => console.warn(message),
  error: (message) => console.error(message),
};
