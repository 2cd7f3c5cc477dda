"""The textbook formulas in 50-digit arithmetic, as they are printed: what the stable forms must equal."""

from __future__ import annotations

from mpmath import beta, e, exp, expint, gamma, hyp2f1, inf, loggamma, mp, mpf, quad

mp.dps = 50
Numbers = tuple[float, ...]


def _exact(values: Numbers) -> list[mpf]:
    return [mpf(value) for value in values]


def bg_odds(p: Numbers, shift: int, x: float, t_x: float, T: float) -> mpf:
    """P(dead) / P(alive) of BG/NBD (shift 0) and MBG/NBD (shift 1)."""
    r, alpha, a, b = _exact(p)
    if x + shift == 0:
        return mpf(0)
    return a / (b + x + shift - 1) * ((alpha + mpf(T)) / (alpha + mpf(t_x))) ** (r + x)


def bg_log_likelihood(p: Numbers, shift: int, x: float, t_x: float, T: float) -> mpf:
    """Equation 3 of Fader, Hardie & Lee 2005, and its MBG variant."""
    r, alpha, a, b = _exact(p)
    log_beta = loggamma(a + b) - loggamma(b) + loggamma(b + x + shift) - loggamma(a + b + x + shift)
    purchases = loggamma(r + x) - loggamma(r) + r * mp.log(alpha) - (r + x) * mp.log(alpha + T)
    return purchases + log_beta + mp.log1p(bg_odds(p, shift, x, t_x, T))


def bg_purchases(p: Numbers, shift: int, t: float, x: float, T: float) -> mpf:
    """Equation 10 of the same paper without P(alive); b + 1 in place of b for MBG."""
    r, alpha, a, b = _exact(p)
    b += shift
    z = mpf(t) / (alpha + T + t)
    series = hyp2f1(r + x, b + x, a + b + x - 1, z)
    return (a + b + x - 1) / (a - 1) * (1 - ((alpha + T) / (alpha + T + t)) ** (r + x) * series)


def bg_residual(p: Numbers, shift: int, delta: float, x: float, T: float) -> mpf:
    """Discounted purchase rate, integrated: the rate is the derivative of `bg_purchases`."""
    r, alpha, a, b = _exact(p)
    late = alpha + T

    def rate(t: mpf) -> mpf:
        return exp(-mpf(delta) * t) * (r + x) / late * hyp2f1(r + x + 1, a, a + b + shift + x, -t / late)

    with mp.workdps(25):
        return quad(rate, [0, 1, 10, 100, 1000, 10000, inf])


def pareto_odds(p: Numbers, x: float, t_x: float, T: float) -> mpf:
    """P(dead) / P(alive) by the hypergeometric forms of Fader & Hardie, note 009."""
    r, alpha, s, b = _exact(p)
    x, t_x, T = mpf(x), mpf(t_x), mpf(T)
    high, low, second = (alpha, b, s + 1) if alpha >= b else (b, alpha, r + x)

    def term(t: mpf) -> mpf:
        return hyp2f1(r + s + x, second, r + s + x + 1, (high - low) / (high + t)) / (high + t) ** (r + s + x)

    with mp.workdps(80):
        integral = term(t_x) - term(T)
    return s / (r + s + x) * integral * (alpha + T) ** (r + x) * (b + T) ** s


def pareto_log_likelihood(p: Numbers, x: float, t_x: float, T: float) -> mpf:
    """Schmittlein, Morrison & Colombo 1987, as in note 009."""
    r, alpha, s, b = _exact(p)
    alive = loggamma(r + x) - loggamma(r) + r * mp.log(alpha) + s * mp.log(b)
    alive -= (r + x) * mp.log(alpha + T) + s * mp.log(b + T)
    return alive + mp.log1p(pareto_odds(p, x, t_x, T))


def pareto_purchases(p: Numbers, t: float, x: float, T: float) -> mpf:
    """Equation 41 of note 009 without P(alive); s must not be 1."""
    r, alpha, s, b = _exact(p)
    return (r + x) * (b + T) / ((alpha + T) * (s - 1)) * (1 - ((b + T) / (b + T + t)) ** (s - 1))


def pareto_residual(p: Numbers, delta: float, x: float, T: float) -> mpf:
    """DERT without P(alive): delta^(s-1) (beta + T)^s U(s, s, z) is (beta + T) e^z times the exponential integral."""
    r, alpha, s, b = _exact(p)
    z = mpf(delta) * (b + T)
    return (r + x) / (alpha + T) * (b + T) * e**z * expint(s, z)


def gamma_gamma_log_likelihood(p: Numbers, x: float, z: float) -> mpf:
    """Note 025, equation 1a."""
    shape, q, rate = _exact(p)
    x, z = mpf(x), mpf(z)
    ratio = gamma(shape * x + q) / gamma(shape * x) / gamma(q)
    return mp.log(ratio * rate**q * z ** (shape * x - 1) * x ** (shape * x) / (rate + x * z) ** (shape * x + q))


def sbg_survival(p: Numbers, t: int) -> mpf:
    """Fader & Hardie 2007, equation 6."""
    a, b = _exact(p)
    return beta(a, b + t) / beta(a, b)


def bgbb_likelihood(p: Numbers, x: int, t_x: int, n: int) -> mpf:
    """Fader, Hardie & Shang 2010, equation 4."""
    a, b, c, d = _exact(p)
    total = beta(a + x, b + n - x) * beta(c, d + n)
    for i in range(n - t_x):
        total += beta(a + x, b + t_x - x + i) * beta(c + 1, d + t_x + i)
    return total / beta(a, b) / beta(c, d)
