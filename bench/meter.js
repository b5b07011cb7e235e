// Loaded before each program that is measured: tells the benchmark what the process has used. Asking
// from outside would count in hundredths of a second.
import process from 'node:process';

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  globalThis.gc?.();
  process.send({
    cpuMs: (user + system) / 1000,
    heapMb: process.memoryUsage().heapUsed / 1e6,
    peakMb: process.resourceUsage().maxRSS / 1000,
  });
});
process.on('disconnect', () => process.exit()); // nothing outlives the benchmark
process.channel.unref(); // nor keeps a program running that has ended
