/**
 * flock(2): a lock that the kernel takes back when its holder dies, however it dies.
 * Neighbours: native/addon/file_lock.cpp; src/main.ts hands it to src/store/lock.ts.
 */
import { addon } from './loader.js';

/** Exclusive, without waiting, until the descriptor is closed; false when another holds it. Throws `addon_missing`. */
export function tryLock(fd: number): boolean {
  return addon().tryLock(fd);
}
