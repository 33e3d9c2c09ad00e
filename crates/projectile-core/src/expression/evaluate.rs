//! From a parsed expression to values.

use super::functions::Function;

/// Samples that are worked on at a time: few enough for a core's own memory.
const RUN: usize = 1024;

/// One step, on a stack of values.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Constant(f64),
    Input(usize),
    Call(Function),
}

/// Every step of a valid expression finds what it takes, and one value is left.
pub(super) fn evaluate(steps: &[Step], inputs: &[Vec<f64>]) -> Vec<f64> {
    let count = inputs.first().map_or(0, Vec::len);
    let mut made = Vec::with_capacity(count);
    let mut stack: Vec<Vec<f64>> = Vec::new();
    let mut free: Vec<Vec<f64>> = Vec::new();
    for from in (0..count).step_by(RUN) {
        let run = from..(from + RUN).min(count);
        for step in steps {
            match *step {
                Step::Constant(value) => {
                    let mut top = free.pop().unwrap_or_default();
                    top.clear();
                    top.resize(run.len(), value);
                    stack.push(top);
                }
                Step::Input(input) => {
                    let mut top = free.pop().unwrap_or_default();
                    top.clear();
                    top.extend_from_slice(&inputs[input][run.clone()]);
                    stack.push(top);
                }
                Step::Call(function) => call(function, &mut stack, &mut free),
            }
        }
        made.extend_from_slice(stack.last().map_or(&[], Vec::as_slice));
        free.append(&mut stack);
    }
    made
}

fn call(function: Function, stack: &mut Vec<Vec<f64>>, free: &mut Vec<Vec<f64>>) {
    match function {
        Function::One(function) => {
            if let Some(top) = stack.last_mut() {
                for value in top {
                    *value = function(*value);
                }
            }
        }
        Function::Two(function) => {
            if let (Some(second), Some(first)) = (stack.pop(), stack.last_mut()) {
                for (value, second) in first.iter_mut().zip(&second) {
                    *value = function(*value, *second);
                }
                free.push(second);
            }
        }
        Function::Three(function) => {
            if let (Some(third), Some(second), Some(first)) = (stack.pop(), stack.pop(), stack.last_mut()) {
                for ((value, second), third) in first.iter_mut().zip(&second).zip(&third) {
                    *value = function(*value, *second, *third);
                }
                free.extend([second, third]);
            }
        }
    }
}
