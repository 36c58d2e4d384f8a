import type { ESignature } from './esignature.js';
import { includeOf } from './esignature.js';
import { presentTemplate } from './templates.js';

export function addTemplateRoutes(esignature: ESignature): void {
  const { app } = esignature.context;
  const { templates } = esignature;

  app.get('/restapi/v2.1/accounts/:accountId/templates', async (request) => {
    const { accountId } = esignature.account(request);
    const list = templates.list(accountId);
    return {
      resultSetSize: String(list.length),
      startPosition: '0',
      endPosition: String(Math.max(0, list.length - 1)),
      totalSetSize: String(list.length),
      envelopeTemplates: list.map((template) => presentTemplate(template, includeOf(request))),
    };
  });

  app.get<{ Params: { templateId: string } }>(
    '/restapi/v2.1/accounts/:accountId/templates/:templateId',
    async (request) => {
      const { accountId } = esignature.account(request);
      return presentTemplate(templates.of(accountId, request.params.templateId), includeOf(request));
    },
  );
}
