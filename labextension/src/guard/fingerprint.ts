const keys = crypto.getRandomValues(new Uint32Array(4));

/**
 * A short name for a text, which only this page can compute, and only until it is closed.
 *
 * It tells whether two texts are the same, so that none has to be kept. It is not the server's
 * fingerprint, and not made to withstand an attacker who reads this page's memory: the text itself is
 * in the cell. `crypto.subtle` has better ones, but is missing where a hub is reached by plain HTTP.
 */
export function fingerprint(text: string): string {
  const lanes = Array.from(keys);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    for (let lane = 0; lane < lanes.length; lane++) {
      const mixed = Math.imul((lanes[lane] ?? 0) ^ unit, 0x9e3779b1 + 2 * lane);
      lanes[lane] = (mixed ^ (mixed >>> 15)) >>> 0;
    }
  }
  return lanes.map(lane => Math.imul(lane ^ (lane >>> 13), 0x85ebca6b) >>> 0).join('-');
}
