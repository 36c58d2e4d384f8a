/** Documents of the Kubernetes API checked as a strict API server would: by the schemas of `kubernetes-validate`, and KEDA's by its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';
import { pythonPackages } from '../support/python-packages.js';

const KUBERNETES = '1.37';
const requirements = fileURLToPath(new URL('kubernetes-requirements.txt', import.meta.url));
const installed = pythonPackages('kubernetes-validate', requirements);

/** Reads documents as JSON, answers for each null or what is wrong with it. */
const PROGRAM = `
import json, sys
import kubernetes_validate
def fault(document):
    try:
        kubernetes_validate.validate(document, '${KUBERNETES}', strict=True)
    except kubernetes_validate.ValidationError as error:
        return '.'.join(str(step) for step in error.path) + ': ' + error.message
    except Exception as error:
        return getattr(error, 'message', None) or repr(error)
print(json.dumps([fault(document) for document in json.load(sys.stdin)]))
`;

/** Why there is no validator on this machine; undefined when there is. The first call installs it, which takes some seconds. */
export async function validatorAtHand(): Promise<string | undefined> {
  try {
    await installed();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** For each document what its schema finds wrong first; null where nothing is. */
export async function faultsOf(documents: readonly unknown[]): Promise<(string | null)[]> {
  const { python, packages } = await installed();
  const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
  const validator = spawn(python, ['-c', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'], env });
  validator.stdin.end(JSON.stringify(documents));
  const [answer] = await Promise.all([text(validator.stdout), once(validator, 'exit')]);
  if (validator.exitCode !== 0) throw new Error(`the validator ended with ${String(validator.exitCode)}`);
  return z.array(z.string().nullable()).parse(JSON.parse(answer));
}

/** A schema as a CustomResourceDefinition has it; an API server prunes what it does not name, so that is a fault here. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const walked = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  return 'properties' in walked && !('additionalProperties' in walked)
    ? { ...walked, additionalProperties: false }
    : walked;
}

const definition = z.object({
  spec: z.object({ versions: z.array(z.object({ schema: z.object({ openAPIV3Schema: z.looseObject({}) }) })) }),
});
const [version] = definition.parse(parse(readFileSync(new URL('keda/scaledobjects.yaml', import.meta.url), 'utf8')))
  .spec.versions;
const { properties = {}, ...scaledObject } = z
  .looseObject({ properties: z.looseObject({}).optional() })
  .parse(strict(version?.schema.openAPIV3Schema));
// Kubernetes itself knows what metadata holds; the definition leaves it open.
const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile({
  ...scaledObject,
  properties: { ...properties, metadata: { type: 'object' } },
});

/** What is wrong with a ScaledObject of KEDA. */
export function faultsOfScaledObject(document: unknown): string[] {
  return validate(document) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}
