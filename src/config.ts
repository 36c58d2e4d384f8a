/**
 * The settings of each process, typed, from its environment. Every reader throws `SettingsError` with all that is wrong at once;
 * a process prints its message and stops.
 */
import { readCrm, readCrmNotifications } from './config/crm.js';
import { buildOf, type Build } from './config/deployment.js';
import { readDocumentTypes } from './config/document-types.js';
import { liveDocumentTypes, ON_STDERR, type LiveLog } from './config/live-document-types.js';
import { readDocusign } from './config/docusign.js';
import { readVariables, SettingsError, type Environment, type Setting } from './config/environment.js';
import { readTemporalSettings, type TemporalSettings } from './config/temporal.js';
import type { GatewayToken } from './config/tokens.js';
import { readTracing } from './config/tracing.js';
import { VARIABLES } from './config/variables.js';
import type { DatabaseSettings } from './crm/database.js';
import type { ConfiguredCrm } from './crm/driver.js';
import type { CrmNotifications } from './crm/intake.js';
import { databaseOf } from './crm/postgres-driver.js';
import type { Policy } from './deal/policy.js';
import type { DocusignSettings } from './docusign/settings.js';
import type { S3Settings, StoreSettings } from './documents/store.js';
import type { TracingSettings } from './tracing/settings.js';

export { SettingsError, type Environment } from './config/environment.js';
export type { TemporalSettings } from './config/temporal.js';
export { readDocusignSettings } from './config/docusign.js';
export { ROLES, type GatewayToken, type Role } from './config/tokens.js';

export interface WorkerSettings {
  temporal: TemporalSettings;
  taskQueue: string;
  build: Build;
  atlas: { baseUrl: string; apiKey: string };
  /** Null: no deal goes by DocuSign, and none of its feeds is read. */
  docusign: DocusignSettings | null;
  /** The gateway's address as the outside knows it; providers report events below it, at `/webhooks/<provider>`. */
  publicUrl: string;
  documents: {
    /** Where signed PDFs are filed. */
    store: StoreSettings;
    s3: S3Settings;
    /** Absolute folder below which `file:` documents must lie. */
    root: string;
    allowPrivateHosts: boolean;
  };
  crm: ConfiguredCrm;
  /** Of the deals that are started from the CRM's own records; always as the file is now. */
  policies: ReadonlyMap<string, Policy>;
  /** How many envelopes may be sent a day, over all deals; null for as many as there are. */
  creditBudget: number | null;
  /** Where the metrics listen; port 0: any free one. */
  metricsHost: string;
  metricsPort: number;
  /** Where `/healthz` and `/readyz` of the worker listen, on the host of the metrics; port 0: any free one. */
  healthPort: number;
  /** Null: nothing is traced. */
  tracing: TracingSettings | null;
  /** Deals that one worker keeps in memory; others are replayed from their history when they wake. */
  maxCachedWorkflows: number;
}

export interface GatewaySettings {
  temporal: TemporalSettings;
  taskQueue: string;
  host: string;
  port: number;
  /** Null: no tokens are set and none are needed, since only this machine reaches the gateway. */
  tokens: readonly GatewayToken[] | null;
  /** Null: only the tokens above count. */
  oidc: OidcSettings | null;
  /** For what is asked of Atlas at the moment it is needed: sign links. */
  atlas: { baseUrl: string; apiKey: string };
  /** Keys of webhook signatures, today's first. */
  atlasKeys: readonly string[];
  /** Null: no deal goes by DocuSign. */
  docusign: DocusignSettings | null;
  /** Always as the file is now. */
  policies: ReadonlyMap<string, Policy>;
  /** Null where the CRM sends none of its own. */
  notifications: CrmNotifications | null;
  /** The gateway's address as the outside knows it. */
  publicUrl: string;
  /** Proxies in front whose word counts on where a request comes from. */
  trustProxy: readonly string[];
  /** Web address of Temporal's UI, for links to runs; null for no links. */
  temporalUiUrl: string | null;
  /** How long, in ms, a gateway that is to stop says so and still takes requests, so that load balancers look away; 0: not at all. */
  drainMs: number;
  /** Null: nothing is traced. */
  tracing: TracingSettings | null;
  /** Origin of the pages that may have payloads decoded: Temporal's UI. Null for none. */
  codecCorsOrigin: string | null;
}

/** The company's identity provider (OpenID Connect). */
export interface OidcSettings {
  issuer: string;
  audience: string;
  /** The claim that holds a caller's roles; dots lead into objects. */
  rolesClaim: string;
}

export interface SetupSettings {
  temporal: TemporalSettings;
  taskQueue: string;
  crm: ConfiguredCrm;
  /** How often deals are looked for that wait for their contract in the CRM, in ms; null for never. */
  backfillEveryMs: number | null;
  docusign: DocusignSettings | null;
}

/** How the commands on deals reach them: through the gateway, or straight at Temporal. */
export type CliSettings =
  | { kind: 'gateway'; url: string; token: string | null }
  | { kind: 'temporal'; temporal: TemporalSettings; taskQueue: string };

const { CRM, CRM_MAPPING, PUBLIC_URL, PORT, TASK_QUEUE, REDACT_PII } = VARIABLES;
const { ATLAS_BASE_URL, ATLAS_API_KEY, DOCUMENT_TYPES, READ_BACK_FIRST } = VARIABLES;
const CRM_VARIABLES = { CRM, CRM_MAPPING };

/** `log` hears of changes of the document types file while the process runs. */
export function readWorkerSettings(env: Environment, log: LiveLog = ON_STDERR): WorkerSettings {
  const { HOST, METRICS_PORT, HEALTH_PORT, CREDIT_BUDGET, WORKER_DEPLOYMENT, BUILD_ID, WORKER_MAX_CACHED_WORKFLOWS } =
    VARIABLES;
  const { DOCUMENT_STORE, DOCUMENT_ROOT, S3_ENDPOINT, ALLOW_PRIVATE_DOCUMENT_HOSTS } = VARIABLES;
  const problems: string[] = [];
  const values = take(
    problems,
    readVariables(env, {
      ...{ TASK_QUEUE, ATLAS_BASE_URL, ATLAS_API_KEY, PUBLIC_URL, HOST, PORT, METRICS_PORT, CREDIT_BUDGET, REDACT_PII },
      ...{ DOCUMENT_STORE, DOCUMENT_ROOT, S3_ENDPOINT, ALLOW_PRIVATE_DOCUMENT_HOSTS, DOCUMENT_TYPES, READ_BACK_FIRST },
      ...{ HEALTH_PORT, WORKER_DEPLOYMENT, BUILD_ID, WORKER_MAX_CACHED_WORKFLOWS },
    }),
  );
  const tracing = take(problems, readTracing(env, 'countersign-worker'));
  const build = values && take(problems, buildOf(values));
  const temporal = take(problems, readTemporalSettings(env));
  const chosen = take(problems, readVariables(env, CRM_VARIABLES));
  const crm = chosen && take(problems, readCrm(env, chosen));
  const docusign = take(problems, readDocusign(env));
  const policies = values && take(problems, livePolicies(values, docusign, log));
  if (policies && docusign === null) problems.push(...problemsWithoutDocusign(policies));
  if (
    !values ||
    !build ||
    !temporal ||
    !crm ||
    !policies ||
    docusign === undefined ||
    tracing === undefined ||
    problems.length > 0
  )
    throw new SettingsError(problems);
  return {
    temporal,
    taskQueue: values.TASK_QUEUE,
    build,
    atlas: { baseUrl: values.ATLAS_BASE_URL, apiKey: values.ATLAS_API_KEY },
    docusign,
    publicUrl: publicUrlOf(values),
    documents: {
      store: values.DOCUMENT_STORE,
      s3: { endpoint: values.S3_ENDPOINT ?? null },
      root: values.DOCUMENT_ROOT,
      allowPrivateHosts: values.ALLOW_PRIVATE_DOCUMENT_HOSTS,
    },
    crm,
    policies,
    creditBudget: values.CREDIT_BUDGET ?? null,
    metricsHost: values.HOST,
    metricsPort: values.METRICS_PORT,
    healthPort: values.HEALTH_PORT ?? neighbourOf(values.METRICS_PORT),
    tracing,
    maxCachedWorkflows: values.WORKER_MAX_CACHED_WORKFLOWS,
  };
}

/** `log` hears of changes of the document types file while the process runs. */
export function readGatewaySettings(env: Environment, log: LiveLog = ON_STDERR): GatewaySettings {
  const { OIDC_ISSUER, OIDC_AUDIENCE, OIDC_ROLES_CLAIM } = VARIABLES;
  const { HOST, GATEWAY_TOKENS, NODE_ENV, ATLAS_PREVIOUS_API_KEYS, TEMPORAL_UI_URL } = VARIABLES;
  const { TRUST_PROXY, DRAIN_TIME, CODEC_CORS_ORIGIN } = VARIABLES;
  const problems: string[] = [];
  const values = take(
    problems,
    readVariables(env, {
      ...{
        TASK_QUEUE,
        PUBLIC_URL,
        HOST,
        PORT,
        GATEWAY_TOKENS,
        NODE_ENV,
        REDACT_PII,
        TRUST_PROXY,
        OIDC_ISSUER,
        OIDC_AUDIENCE,
        OIDC_ROLES_CLAIM,
      },
      ...{ ATLAS_BASE_URL, ATLAS_API_KEY, ATLAS_PREVIOUS_API_KEYS, DOCUMENT_TYPES, READ_BACK_FIRST, TEMPORAL_UI_URL },
      DRAIN_TIME,
      CODEC_CORS_ORIGIN,
    }),
  );
  const tracing = take(problems, readTracing(env, 'countersign-gateway'));
  const temporal = take(problems, readTemporalSettings(env));
  const docusign = take(problems, readDocusign(env));
  const policies = values && take(problems, livePolicies(values, docusign, log));
  const tokens = values && take(problems, tokensOf(values));
  const oidc = values ? take(problems, oidcOf(values)) : undefined;
  const chosen = take(problems, readVariables(env, CRM_VARIABLES));
  const notifications = chosen && take(problems, readCrmNotifications(env, chosen));
  if (policies && docusign === null) problems.push(...problemsWithoutDocusign(policies));
  if (
    !values ||
    !temporal ||
    !policies ||
    !tokens ||
    oidc === undefined ||
    notifications === undefined ||
    docusign === undefined ||
    tracing === undefined ||
    problems.length > 0
  )
    throw new SettingsError(problems);
  return {
    temporal,
    taskQueue: values.TASK_QUEUE,
    host: values.HOST,
    port: values.PORT,
    tokens: tokens.length > 0 ? tokens : null,
    oidc,
    atlas: { baseUrl: values.ATLAS_BASE_URL, apiKey: values.ATLAS_API_KEY },
    atlasKeys: [values.ATLAS_API_KEY, ...values.ATLAS_PREVIOUS_API_KEYS],
    docusign,
    policies,
    notifications,
    publicUrl: publicUrlOf(values),
    trustProxy: values.TRUST_PROXY,
    temporalUiUrl: values.TEMPORAL_UI_URL ?? null,
    // In production something in front shares out the requests, and must hear of the end first.
    drainMs: values.DRAIN_TIME ?? (values.NODE_ENV === 'production' ? 5_000 : 0),
    tracing,
    codecCorsOrigin: values.CODEC_CORS_ORIGIN ?? null,
  };
}

export function readSetupSettings(env: Environment): SetupSettings {
  const { CRM_BACKFILL_EVERY } = VARIABLES;
  const problems: string[] = [];
  const values = take(problems, readVariables(env, { ...CRM_VARIABLES, TASK_QUEUE, CRM_BACKFILL_EVERY }));
  const temporal = take(problems, readTemporalSettings(env));
  const crm = values && take(problems, readCrm(env, values));
  const docusign = take(problems, readDocusign(env));
  if (!values || !temporal || !crm || docusign === undefined || problems.length > 0) throw new SettingsError(problems);
  const { TASK_QUEUE: taskQueue, CRM_BACKFILL_EVERY: backfillEveryMs = null } = values;
  return { temporal, taskQueue, crm, backfillEveryMs, docusign };
}

/** The CRM alone: all that looking for its waiting deals needs beside `readCliSettings`. */
export function readCrmSettings(env: Environment): ConfiguredCrm {
  const problems: string[] = [];
  const values = take(problems, readVariables(env, CRM_VARIABLES));
  const crm = values && take(problems, readCrm(env, values));
  if (!crm) throw new SettingsError(problems);
  return crm;
}

/** Temporal's settings are read only where there is no gateway to go through. */
export function readCliSettings(env: Environment): CliSettings {
  const { COUNTERSIGN_URL, COUNTERSIGN_TOKEN } = VARIABLES;
  const problems: string[] = [];
  const values = take(problems, readVariables(env, { COUNTERSIGN_URL, COUNTERSIGN_TOKEN, TASK_QUEUE }));
  if (!values) throw new SettingsError(problems);
  const { COUNTERSIGN_URL: url, COUNTERSIGN_TOKEN: token } = values;
  if (url !== undefined) return { kind: 'gateway', url, token: token ?? null };
  if (token !== undefined) {
    // Straight at Temporal whoever types is an operator: a token with a lesser role must not lead there.
    problems.push(
      'COUNTERSIGN_URL: is not set, but COUNTERSIGN_TOKEN is; for example COUNTERSIGN_URL=https://countersign.example.com',
    );
  }
  const temporal = take(problems, readTemporalSettings(env));
  if (!temporal || problems.length > 0) throw new SettingsError(problems);
  return { kind: 'temporal', temporal, taskQueue: values.TASK_QUEUE };
}

/** What a deal's evidence is put together from: Temporal and the store of signed PDFs. */
export interface EvidenceSettings {
  temporal: TemporalSettings;
  taskQueue: string;
  /** Where signed PDFs are filed. */
  store: StoreSettings;
  s3: S3Settings;
}

export function readEvidenceSettings(env: Environment): EvidenceSettings {
  const { DOCUMENT_STORE, S3_ENDPOINT } = VARIABLES;
  const problems: string[] = [];
  const values = take(problems, readVariables(env, { TASK_QUEUE, DOCUMENT_STORE, S3_ENDPOINT }));
  const temporal = take(problems, readTemporalSettings(env));
  if (!values || !temporal || problems.length > 0) throw new SettingsError(problems);
  const { TASK_QUEUE: taskQueue, DOCUMENT_STORE: store, S3_ENDPOINT: endpoint = null } = values;
  return { temporal, taskQueue, store, s3: { endpoint } };
}

/** What the keys of payloads are looked for in: Temporal alone. */
export function readPayloadKeySettings(env: Environment): { temporal: TemporalSettings; taskQueue: string } {
  const problems: string[] = [];
  const values = take(problems, readVariables(env, { TASK_QUEUE }));
  const temporal = take(problems, readTemporalSettings(env));
  if (!values || !temporal) throw new SettingsError(problems);
  return { temporal, taskQueue: values.TASK_QUEUE };
}

/** The database that the rows of the audit feeds are kept in, where they are kept in one. Throws `SettingsError`. */
export function readDatabaseSettings(env: Environment): DatabaseSettings {
  const { value, problems } = readDatabase(env);
  if (problems) throw new SettingsError(problems);
  return value;
}

const readDatabase = (env: Environment): Setting<DatabaseSettings> =>
  databaseOf({ variables: (shape) => readVariables(env, shape) });

/** The policies of the document types alone: all that starting a deal without the gateway needs beside `readCliSettings`. */
export function readPolicies(env: Environment): ReadonlyMap<string, Policy> {
  const problems: string[] = [];
  const values = take(problems, readVariables(env, { DOCUMENT_TYPES, READ_BACK_FIRST }));
  const policies = values && take(problems, readDocumentTypes(values.DOCUMENT_TYPES, values.READ_BACK_FIRST));
  if (!policies) throw new SettingsError(problems);
  return policies;
}

/** A change to a provider that has no account here is not taken up. */
function livePolicies(
  { DOCUMENT_TYPES: path, READ_BACK_FIRST: readBackFirstMs }: { DOCUMENT_TYPES: string; READ_BACK_FIRST: number },
  docusign: DocusignSettings | null | undefined,
  log: LiveLog,
): Setting<ReadonlyMap<string, Policy>> {
  const problemsOf = (policies: ReadonlyMap<string, Policy>): string[] =>
    docusign ? [] : problemsWithoutDocusign(policies);
  return liveDocumentTypes(path, readBackFirstMs, { log, problemsOf });
}

/** A type that goes by a provider without an account would block each of its deals. */
function problemsWithoutDocusign(policies: ReadonlyMap<string, Policy>): string[] {
  const needy = [...policies].filter(([, { provider, dual }]) => provider === 'docusign' || dual);
  const example = 'DOCUSIGN_INTEGRATION_KEY=7c2b8d7e-83c3-4940-af5e-cda8a50dd73f';
  return needy.map(
    ([name]) => `DOCUSIGN_INTEGRATION_KEY: is not set, but ${name} goes by docusign; for example ${example}`,
  );
}

/** The next port, so that several workers of one machine need one number each; 0 (any free one) stays 0. */
const neighbourOf = (port: number): number => (port === 0 || port === 65_535 ? 0 : port + 1);

function publicUrlOf({ PUBLIC_URL, PORT }: { PUBLIC_URL?: string | undefined; PORT: number }): string {
  return PUBLIC_URL ?? `http://localhost:${PORT}`;
}

/** The value that was read, its problems put with the others: a person mends a list in one go. */
function take<T>(problems: string[], read: Setting<T>): T | undefined {
  if (read.problems) problems.push(...read.problems);
  return read.value;
}

function oidcOf(values: {
  OIDC_ISSUER?: string | undefined;
  OIDC_AUDIENCE?: string | undefined;
  OIDC_ROLES_CLAIM: string;
}): Setting<OidcSettings | null> {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLES_CLAIM: rolesClaim } = values;
  if (issuer === undefined && audience === undefined) return { value: null };
  if (issuer !== undefined && audience !== undefined) return { value: { issuer, audience, rolesClaim } };
  return {
    problems: [
      issuer === undefined
        ? 'OIDC_ISSUER: is not set, but OIDC_AUDIENCE is; for example OIDC_ISSUER=https://login.example.com/'
        : 'OIDC_AUDIENCE: is not set, but OIDC_ISSUER is; for example OIDC_AUDIENCE=countersign',
    ],
  };
}

/** Without tokens everybody who reaches the gateway is an operator, so only this machine may reach it. */
function tokensOf(values: {
  GATEWAY_TOKENS?: GatewayToken[] | undefined;
  HOST: string;
  NODE_ENV: string;
  OIDC_ISSUER?: string | undefined;
}): Setting<GatewayToken[]> {
  if (values.GATEWAY_TOKENS) return { value: values.GATEWAY_TOKENS };
  if (values.OIDC_ISSUER !== undefined) return { value: [] };
  const example = 'for example GATEWAY_TOKENS=operator:anna:$(openssl rand -hex 24)';
  if (values.NODE_ENV === 'production') {
    return { problems: [`GATEWAY_TOKENS: is not set, but NODE_ENV=production needs it; ${example}`] };
  }
  if (!/^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(values.HOST)) {
    return { problems: [`GATEWAY_TOKENS: is not set, but others reach HOST=${values.HOST}; ${example}`] };
  }
  return { value: [] };
}
