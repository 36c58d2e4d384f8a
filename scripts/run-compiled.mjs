// Runs a program that is written beside the product (bench/, soak/), after the product is built: its TypeScript is compiled to dist/,
// where the product is its neighbour. Types are checked by `npm run check`; here they are only taken out.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };

/** Compiles `folder` and the other folders that it imports from, then runs its `main.ts`. */
export async function runCompiled(folder, ...imported) {
  for (const name of [folder, ...imported]) compile(name);
  await import(`../dist/${folder}/main.js`);
}

function compile(folder) {
  const sources = join(ROOT, folder);
  for (const file of readdirSync(sources, { recursive: true }).filter((name) => name.endsWith('.ts'))) {
    const source = readFileSync(join(sources, file), 'utf8');
    const { outputText } = ts.transpileModule(source, { fileName: file, compilerOptions });
    const target = join(ROOT, 'dist', folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    // Seen from dist/<folder>/, what was in ../src/ is in ../.
    const compiled = outputText.replaceAll(/(from '(?:\.\.\/)+)src\//g, '$1');
    // Another program may be reading it just now: it is to find the old file or the new one, never half of it.
    const half = `${target}.${process.pid}`;
    writeFileSync(half, compiled);
    renameSync(half, target);
  }
}
