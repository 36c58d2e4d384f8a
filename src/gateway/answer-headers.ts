/** The headers that tell a browser what it may do with any answer of the gateway. */
import helmet from 'helmet';
import type { FastifyInstance } from 'fastify';

export function protectAnswers(app: FastifyInstance): void {
  // Made once: the headers of every answer are the same, and most answers are to webhooks, which come in bursts.
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    // Pages lead to the provider's review page, whose address is a secret, and their own addresses name deals.
    referrerPolicy: { policy: 'no-referrer' },
    // Whoever names the host decides for the names below it.
    strictTransportSecurity: { includeSubDomains: false },
  });
  app.addHook('onRequest', (request, reply, done) => protect(request.raw, reply.raw, () => done()));
}
