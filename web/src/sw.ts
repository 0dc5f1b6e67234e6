/// <reference lib="webworker" />
/**
 * The page without a network, after the first visit.
 *
 * Files whose names tell their content never change and come from the cache. The page itself and the models come from
 * the server if it answers, so that a new version is never missed. Where a host cannot send the two headers that threads
 * need, they are added here.
 */

declare const __SHELL__: readonly string[];
declare const __VERSION__: string;
declare const self: ServiceWorkerGlobalScope;

const NAME = `allaprima-${__VERSION__}`;
const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const UNCHANGING = /-[0-9a-f]{10}\.[a-z.]+$/;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(__SHELL__)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()));
});

async function tidy(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("allaprima-") && name !== NAME).map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const inside = url.href.startsWith(self.registration.scope);
  if (request.method !== "GET" || !inside || url.pathname.includes("/api/")) return;
  event.respondWith(UNCHANGING.test(url.pathname) ? cachedFirst(request) : serverFirst(request));
});

async function cachedFirst(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const found = await cache.match(request);
  if (found !== undefined) return isolated(found);
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return isolated(answer);
}

async function serverFirst(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return isolated(answer);
  } catch (error) {
    const found = await cache.match(request, { ignoreSearch: request.mode === "navigate" });
    if (found === undefined) throw error;
    return isolated(found);
  }
}

function isolated(answer: Response): Response {
  if (answer.status === 0 || answer.headers.has("Cross-Origin-Embedder-Policy")) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

export {};
