/** `CRM=http`: a receiver of the company's own, in front of a private CRM. */
import { z } from 'zod';
import type { CrmDriver } from './driver.js';
import { examineReceiver } from './examination.js';
import { createHttpCrm } from './http.js';
import { createHttpIntake } from './http-intake.js';
import { createReceiverCalls } from './receiver.js';

const variables = {
  CRM_URL: z
    .url({ protocol: /^https?$/, error: 'must be a web address (http: or https:)' })
    .refine((text) => !/[?#]/.test(text), 'must have no query and no fragment')
    .refine((text) => !/^https?:\/\/[^/]*@/.test(text), 'must hold no user name or password')
    .transform((text) => text.replace(/\/+$/, ''))
    .meta({ example: 'https://crm.example.com/countersign' }),
  CRM_SECRET: z
    .string()
    .min(16, 'must have at least 16 characters')
    .meta({ example: '$(openssl rand -hex 24)', secret: true }),
};

export const httpDriver: CrmDriver = {
  name: 'http',
  variables,
  configure(read) {
    const { value, problems } = read.variables(variables);
    if (!value) return { problems };
    const settings = { url: value.CRM_URL, secret: value.CRM_SECRET };
    return {
      value: {
        name: 'http',
        remedy: 'Start the receiver, or check CRM_URL, HTTPS_PROXY and NO_PROXY.',
        open: async () => {
          const receiver = createReceiverCalls(settings);
          return { crm: createHttpCrm(receiver), intake: createHttpIntake(receiver) };
        },
        examine: () => examineReceiver(settings.url),
      },
    };
  },
};
