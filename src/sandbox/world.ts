import { Agent } from 'undici';
import { Accounts, type KeyGrant } from './accounts.js';
import { Timers, type Clock } from './clock.js';
import { Detection } from './detection.js';
import { Documents } from './documents.js';
import { Envelopes } from './envelopes.js';
import { Faults } from './faults.js';
import { Idempotency, isExpired } from './idempotency.js';
import { Links, type Hosts } from './links.js';
import { Mails } from './mails.js';
import { Oddities } from './oddities.js';
import { Presenter } from './present.js';
import { SignedPdfs } from './signed-pdfs.js';
import type { Settings } from './settings.js';
import { Store } from './store.js';
import { Switches } from './switches.js';
import { DEFAULT_TEMPLATES, Templates } from './templates.js';
import { Webhooks } from './webhooks.js';

export interface WorldOptions {
  /** Folder of the journal and the documents; null keeps all in memory. */
  data: string | null;
  keys: KeyGrant[];
  /** What an organisation starts with. */
  credits: number;
  settings: Settings;
  clock: Clock;
}

/** The parts of a running sandbox. */
export interface World {
  store: Store;
  switches: Switches;
  accounts: Accounts;
  documents: Documents;
  idempotency: Idempotency;
  envelopes: Envelopes;
  templates: Templates;
  detection: Detection;
  webhooks: Webhooks;
  signedPdfs: SignedPdfs;
  links: Links;
  present: Presenter;
  faults: Faults;
  clock: Clock;
  dispatcher: Agent;
  /** Takes up detections and webhook retries that an earlier run left open. */
  resume(): void;
  /** Ends timers and connections and closes the journal. */
  close(): Promise<void>;
}

/** Builds the world on what its journal holds. `hosts` may be filled in later, before the first request. */
export function createWorld(options: WorldOptions, hosts: Hosts): World {
  const { clock, data } = options;
  const store = new Store(data, (record) => isExpired(record, clock, options.settings.idempotency_window_ms));
  const timers = new Timers();
  const dispatcher = new Agent({ connections: 64, connect: { timeout: 5_000 } });
  const switches = new Switches(options.settings, store);
  const accounts = new Accounts(options.keys, options.credits, store);
  const documents = new Documents(data);
  const faults = new Faults(timers);
  const oddities = new Oddities(faults, accounts, store);
  const webhooks = new Webhooks(store, switches, clock, timers, dispatcher, oddities);
  const envelopes = new Envelopes(store, switches, accounts, webhooks, new Mails(store, clock), clock);
  const detection = new Detection(store, switches, documents, envelopes, clock, timers);
  const templates = new Templates(store, documents, clock);
  const links = new Links(store, clock, hosts);
  store.transact(() => {
    for (const template of DEFAULT_TEMPLATES)
      if (store.templates.get(template.id) === undefined) templates.define(template);
  });
  return {
    store,
    switches,
    accounts,
    documents,
    idempotency: new Idempotency(store, switches, clock),
    envelopes,
    templates,
    detection,
    webhooks,
    signedPdfs: new SignedPdfs(documents),
    links,
    present: new Presenter(links, switches),
    faults,
    clock,
    dispatcher,
    resume: () => {
      detection.resume();
      webhooks.resume();
    },
    close: async () => {
      timers.stop();
      await dispatcher.destroy();
      store.close();
    },
  };
}
