/** The OpenAPI document: every route is in it, every reference resolves, the page is served from here. */
import { expect, test } from 'vitest';
import { buildTestApi } from './support.js';

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function document(): Promise<OpenApi> {
  const { app } = buildTestApi();
  const answer = await app.inject('/docs/json');
  expect(answer.statusCode).toBe(200);
  return answer.json<OpenApi>();
}

test('every route is documented', async () => {
  const { openapi, info, paths } = await document();
  expect([openapi, info.version]).toEqual(['3.1.0', '1.2.3']);
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.toSorted()).toMatchInlineSnapshot(`
    [
      "DELETE /v1/endpoint/{id}",
      "DELETE /v1/group/{tenant}/{name}",
      "DELETE /v1/netProfile/{tenant}/{name}",
      "DELETE /v1/network/{tenant}/{name}",
      "DELETE /v1/peer/{vtepIp}",
      "DELETE /v1/policy/{tenant}/{name}",
      "DELETE /v1/route/{tenant}/{prefix}",
      "DELETE /v1/rule/{tenant}/{policy}/{id}",
      "DELETE /v1/service/{tenant}/{name}",
      "DELETE /v1/tenant/{name}",
      "GET /healthz",
      "GET /metrics",
      "GET /readyz",
      "GET /v1/config",
      "GET /v1/drops",
      "GET /v1/endpoint",
      "GET /v1/endpoint/{id}",
      "GET /v1/events",
      "GET /v1/flows",
      "GET /v1/group",
      "GET /v1/group/{tenant}/{name}",
      "GET /v1/netProfile",
      "GET /v1/netProfile/{tenant}/{name}",
      "GET /v1/network",
      "GET /v1/network/{tenant}/{name}",
      "GET /v1/peer",
      "GET /v1/peer/{vtepIp}",
      "GET /v1/policy",
      "GET /v1/policy/{tenant}/{name}",
      "GET /v1/route",
      "GET /v1/route/{tenant}/{prefix}",
      "GET /v1/rule",
      "GET /v1/rule/{tenant}/{policy}/{id}",
      "GET /v1/service",
      "GET /v1/service/{tenant}/{name}",
      "GET /v1/settings",
      "GET /v1/status",
      "GET /v1/tenant",
      "GET /v1/tenant/{name}",
      "GET /v1/trace",
      "GET /v1/uplink",
      "GET /version",
      "PATCH /v1/settings",
      "POST /v1/apply",
      "POST /v1/resync",
      "POST /v1/retry",
      "POST /v1/uplink/confirm",
      "PUT /v1/endpoint/{id}",
      "PUT /v1/group/{tenant}/{name}",
      "PUT /v1/netProfile/{tenant}/{name}",
      "PUT /v1/network/{tenant}/{name}",
      "PUT /v1/peer/{vtepIp}",
      "PUT /v1/policy/{tenant}/{name}",
      "PUT /v1/route/{tenant}/{prefix}",
      "PUT /v1/rule/{tenant}/{policy}/{id}",
      "PUT /v1/service/{tenant}/{name}",
      "PUT /v1/settings",
      "PUT /v1/tenant/{name}",
    ]
  `);
});

test('every reference resolves and shapes carry their names', async () => {
  const doc = await document();
  const references = [...new Set(JSON.stringify(doc).match(/"\$ref":"[^"]+"/g))].map(
    (each) => JSON.parse(`{${each}}`).$ref,
  );
  expect(references.length).toBeGreaterThan(15);
  for (const reference of references) {
    expect(reference).toMatch(/^#\/components\/schemas\/[A-Za-z]+$/);
    expect(Object.keys(doc.components.schemas)).toContain(reference.split('/').at(-1));
  }
  expect(doc.components.schemas['Network']).toMatchObject({
    type: 'object',
    properties: { vni: { maximum: 16_777_215 } },
  });
  expect(doc.components.schemas['NetworkAnswer']).toMatchObject({ properties: { status: {} } });
});

test('the page asks nobody else', async () => {
  const { app } = buildTestApi();
  const page = await app.inject('/docs/');
  expect(page.statusCode).toBe(200);
  expect(page.body).not.toMatch(/(src|href)="https?:/);
  expect((await app.inject('/docs/static/swagger-initializer.js')).body).not.toContain('validator.swagger.io');
});
