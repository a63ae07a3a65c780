// Kubernetes quantities: "512Mi", "1.5", "250m", "1e3". Returns base units (bytes, cores); NaN for what is none.

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

export function parseQuantity(quantity: string | number): number {
  const match = /^([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?|\d+\.)([a-zA-Z]*)$/.exec(String(quantity))
  return match ? Number(match[1]) * (factors[match[2]!] ?? NaN) : NaN
}
