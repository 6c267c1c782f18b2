/** Waiting with an end. Neighbours: controller.ts for callers, switch-database.ts for vswitchd. */

/** Settles as `work` does, or rejects with `late()` after `patienceMs`; `work` goes on either way. */
export async function withPatience<T>(work: Promise<T>, patienceMs: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), patienceMs);
  });
  try {
    return await Promise.race([work, patience]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
