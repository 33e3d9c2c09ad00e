//! What expressions can call, by numpy's names.

/// What is made of one, two or three values.
#[derive(Clone, Copy, Debug)]
pub(super) enum Function {
    One(fn(f64) -> f64),
    Two(fn(f64, f64) -> f64),
    Three(fn(f64, f64, f64) -> f64),
}

impl Function {
    pub(super) fn arguments(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Two(_) => 2,
            Self::Three(_) => 3,
        }
    }
}

/// Every function. To add one is to add a line.
pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("abs", Function::One(f64::abs)),
    ("arctan", Function::One(f64::atan)),
    ("arctan2", Function::Two(f64::atan2)),
    ("ceil", Function::One(f64::ceil)),
    (
        "clip",
        Function::Three(|x, low, high| minimum(maximum(x, low), high)),
    ),
    ("cos", Function::One(f64::cos)),
    ("exp", Function::One(f64::exp)),
    ("floor", Function::One(f64::floor)),
    ("hypot", Function::Two(f64::hypot)),
    ("isnan", Function::One(|x| truth(x.is_nan()))),
    ("log", Function::One(f64::ln)),
    ("log10", Function::One(f64::log10)),
    ("log1p", Function::One(f64::ln_1p)),
    ("log2", Function::One(f64::log2)),
    ("maximum", Function::Two(maximum)),
    ("minimum", Function::Two(minimum)),
    // numpy rounds halves to even.
    ("round", Function::One(f64::round_ties_even)),
    (
        "sign",
        Function::One(|x| if x == 0.0 || x.is_nan() { x } else { x.signum() }),
    ),
    ("sin", Function::One(f64::sin)),
    ("sqrt", Function::One(f64::sqrt)),
    ("tan", Function::One(f64::tan)),
    (
        "where",
        Function::Three(|condition, yes, no| if condition == 0.0 { no } else { yes }),
    ),
];

pub(super) fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// numpy's: NaN where either is.
fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

/// numpy's and Python's: of the divisor's sign.
pub(super) fn remainder(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
        rest + b
    } else {
        rest
    }
}
