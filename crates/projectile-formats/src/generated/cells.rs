//! A microscope's stack: cells that drift in time and come into focus in depth, in five channels.
//!
//! Each cell of a grid has at most one biological cell, drawn from a hash; a row of pixels asks only the grid's rows
//! that can reach it.
#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "places, indices and columns are inside of an image whose sizes are constants, and light is clamped to 16 bits"
)]

use std::f32::consts::TAU;
use std::sync::Arc;

use projectile_core::{ChannelInfo, Photometric, Resampling, Source};

use super::noise::Noise;
use super::{Computed, Field, Row, hash, info, levels};

/// Pixels a side of each plane.
const SIZE: u64 = 2048;
/// Times, channels, depths.
const TIMES: u64 = 4;
const CHANNELS: [&str; 5] = ["DAPI", "GFP", "mCherry", "Cy5", "Brightfield"];
const DEPTHS: u64 = 8;
/// Pixels between the cells of the grid.
const GRID: f32 = 96.0;
/// Pixels beyond which a cell gives nothing.
const REACH: f32 = 120.0;
/// What the camera reads in the dark.
const DARK: f32 = 110.0;
const SEED: u64 = 0x00ce_1150;

#[derive(Debug)]
struct Cells;

pub(super) fn source() -> Arc<dyn Source> {
    let mut info = info("tczyx", &[TIMES, CHANNELS.len() as u64, DEPTHS, SIZE, SIZE]);
    info.levels = levels(SIZE, SIZE, 4);
    info.photometric = Photometric::Channels;
    info.resampling = Some(Resampling::AVERAGE);
    info.channels = CHANNELS.map(ChannelInfo::named).to_vec();
    info.details = vec![("unit".into(), "photon counts".into())];
    Computed::shared(Cells, info)
}

/// A biological cell, as this row of pixels meets it.
#[derive(Clone, Copy)]
struct Cell {
    hash: u64,
    x: f32,
    /// From the cell's centre down to the row.
    dy: f32,
    /// Half axes of the nucleus.
    long: f32,
    short: f32,
    /// Direction of its long axis.
    cos: f32,
    sin: f32,
    /// How far out of focus, in depths.
    defocus: f32,
    brightness: f32,
}

impl Cell {
    fn new(grid_x: i64, grid_y: i64, time: f32, depth: f32, y: f32) -> Option<Self> {
        let hash = hash::place(SEED, grid_x, grid_y);
        if hash::nth(hash, 0) < 0.12 {
            return None;
        }
        let number = |n, low: f32, high: f32| low + (high - low) * hash::nth(hash, n);
        let heading = number(1, 0.0, TAU);
        let speed = number(2, 0.0, 9.0);
        let x = (grid_x as f32 + number(3, 0.15, 0.85)) * GRID + time * speed * heading.cos();
        let centre_y = (grid_y as f32 + number(4, 0.15, 0.85)) * GRID + time * speed * heading.sin();
        let turn = number(5, 0.0, TAU) + 0.15 * time;
        let long = number(6, 19.0, 27.0);
        Some(Self {
            hash,
            x,
            dy: y - centre_y,
            long,
            short: long * number(7, 0.62, 0.95),
            cos: turn.cos(),
            sin: turn.sin(),
            defocus: (depth - number(8, 1.5, 5.5)).abs(),
            brightness: number(9, 0.55, 1.0),
        })
    }

    /// The distance from the centre in units of the nucleus' radius in that direction.
    fn nuclear_radius(&self, dx: f32) -> f32 {
        let along = (dx * self.cos + self.dy * self.sin) / self.long;
        let across = (self.dy * self.cos - dx * self.sin) / self.short;
        (along * along + across * across).sqrt()
    }
}

/// 1 inside an edge, 0 outside, over `soft` pixels.
fn edge(distance: f32, soft: f32) -> f32 {
    let t = (0.5 - distance / soft).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Calls `each(i, dx)` for the pixels of the row from `low` to `high` pixels right of `x`.
fn across(row: &Row<'_>, count: usize, x: f32, (low, high): (f32, f32), mut each: impl FnMut(usize, f32)) {
    for i in row.columns_within(f64::from(x + low), f64::from(x + high), count) {
        each(i, (row.centre_x() + i as f64 * row.pitch()) as f32 - x);
    }
}

impl Field for Cells {
    type Sample = u16;

    fn row(&self, row: &Row<'_>, out: &mut [u16]) {
        let count = out.len();
        let (time, depth) = (row.indices[0] as f32, row.indices[1] as f32);
        let y = row.centre_y() as f32;
        let left = row.centre_x() as f32;
        let right = left + row.pitch() as f32 * count as f32;
        let grid = |place: f32| (place / GRID).floor() as i64;
        let mut cells = Vec::new();
        for grid_y in grid(y - REACH - GRID)..=grid(y + REACH + GRID) {
            for grid_x in grid(left - REACH - GRID)..=grid(right + REACH + GRID) {
                cells.extend(Cell::new(grid_x, grid_y, time, depth, y).filter(|cell| cell.dy.abs() < REACH));
            }
        }
        // What a level's pixel covers softens every edge.
        let blur = row.factor as f32 - 1.0;
        let mut light = vec![0f32; count];
        match row.channel {
            0 => nuclei(row, &cells, blur, &mut light),
            1 => membranes(row, &cells, blur, &mut light),
            2 => puncta(row, &cells, blur, &mut light),
            3 => fibres(row, &cells, blur, &mut light),
            _ => brightfield(row, &cells, blur, &mut light),
        }
        develop(row, &light, out);
    }
}

/// Lamp, shot noise, dark current.
fn develop(row: &Row<'_>, light: &[f32], out: &mut [u16]) {
    let half = SIZE as f64 / 2.0;
    let plane = (row.channel * TIMES + row.indices[0]) * DEPTHS + row.indices[1];
    let v = ((row.centre_y() - half) / half).powi(2);
    // The mean of factor² pixels is that much less noisy.
    let grain = 1.0 / row.factor as f32;
    for (i, (out, &light)) in out.iter_mut().zip(light).enumerate() {
        let u = (row.centre_x() + i as f64 * row.pitch() - half) / half;
        let lamp = 1.0 - 0.12 * (u * u + v) as f32;
        let counts = light * lamp;
        let x = row.x + i as u64 * row.step;
        let noise = hash::normal(hash::place(
            SEED + plane + (row.factor << 32),
            x as i64,
            row.y as i64,
        ));
        *out = (DARK + counts + grain * noise * (30.0 + 1.6 * counts).sqrt()).clamp(0.0, 65_535.0) as u16;
    }
}

fn nuclei(row: &Row<'_>, cells: &[Cell], blur: f32, light: &mut [f32]) {
    let count = light.len();
    let mut texture = vec![0f32; count];
    Noise {
        seed: SEED + 1,
        log: 3,
    }
    .each(row, count, |i, value| texture[i] = value / (1.0 + blur));
    Noise {
        seed: SEED + 2,
        log: 4,
    }
    .each(row, count, |i, value| {
        texture[i] += 1.3 * value / (1.0 + 0.3 * blur);
    });
    for cell in cells {
        let soft = 4.0 + 7.0 * cell.defocus + blur;
        let peak = 2600.0 * cell.brightness / (1.0 + 0.35 * cell.defocus);
        let contrast = 0.35 / (1.0 + 0.8 * cell.defocus);
        let reach = cell.long + soft;
        across(row, count, cell.x, (-reach, reach), |i, dx| {
            let outside = (cell.nuclear_radius(dx) - 1.0) * cell.short;
            light[i] += peak * edge(outside, soft) * (1.0 + contrast * texture[i]);
        });
    }
}

/// The nearest cells' distances; membranes are where two are equally near, or where a cell ends.
fn membranes(row: &Row<'_>, cells: &[Cell], blur: f32, light: &mut [f32]) {
    const FAR: f32 = 68.0;
    // Small cells count their distances shorter, so they are looked at from further away.
    const LOOK: f32 = FAR / 0.85;
    let count = light.len();
    let mut nearest = vec![(FAR, FAR, 0.0f32, 0.0f32); count];
    for cell in cells.iter().filter(|cell| cell.dy.abs() < LOOK) {
        across(row, count, cell.x, (-LOOK, LOOK), |i, dx| {
            let distance = dx.hypot(cell.dy) * (1.15 - 0.3 * (cell.long - 19.0) / 8.0);
            let (first, second, defocus, brightness) = &mut nearest[i];
            *second = second.min(distance.max(*first));
            if distance < *first {
                (*first, *defocus, *brightness) = (distance, cell.defocus, cell.brightness);
            }
        });
    }
    for (light, &(first, second, defocus, brightness)) in light.iter_mut().zip(&nearest) {
        if first >= FAR {
            continue;
        }
        let width = 2.2 + 1.8 * defocus;
        let spread = (width * width + blur * blur / 3.0).sqrt();
        let across = (second - first) / (2.0 * spread);
        let membrane =
            2100.0 * brightness * (width / spread) * (-across * across).exp() / (1.0 + 0.3 * defocus);
        *light += membrane + 210.0 * brightness;
    }
}

fn puncta(row: &Row<'_>, cells: &[Cell], blur: f32, light: &mut [f32]) {
    let count = light.len();
    for cell in cells {
        across(row, count, cell.x, (-60.0, 60.0), |i, dx| {
            let near = (1.0 - (dx * dx + cell.dy * cell.dy) / 3600.0).max(0.0);
            light[i] += 130.0 * cell.brightness * near * near;
        });
        let spots = 10 + (cell.hash >> 60);
        for spot in 0..spots {
            let number = |n| hash::nth(cell.hash, 100 + 4 * spot + n);
            let (angle, radius) = (TAU * number(0), 14.0 + 34.0 * number(1).sqrt());
            let dy = cell.dy - radius * angle.sin();
            let defocus = cell.defocus * (0.4 + number(2));
            let sharp = 2.0 + 1.5 * defocus * defocus;
            // A Gaussian convolved with the level's pixel: wider by its variance, and as much lower.
            let variance = sharp + (blur * blur + 2.0 * blur) / 12.0;
            let reach = 3.0 * variance.sqrt();
            if dy.abs() > reach {
                continue;
            }
            let peak = (1400.0 + 3800.0 * number(3)) * cell.brightness * 2.0 / variance;
            across(
                row,
                count,
                cell.x + radius * angle.cos(),
                (-reach, reach),
                |i, dx| {
                    // Down to zero where the reach ends.
                    let height = (-(dx * dx + dy * dy) / (2.0 * variance)).exp() - 0.011_109;
                    light[i] += peak * height.max(0.0);
                },
            );
        }
    }
}

fn fibres(row: &Row<'_>, cells: &[Cell], blur: f32, light: &mut [f32]) {
    let count = light.len();
    let mut bodies = vec![(0f32, 0f32); count];
    for cell in cells.iter().filter(|cell| cell.dy.abs() < 62.0) {
        across(row, count, cell.x, (-62.0, 62.0), |i, dx| {
            let near = 1.0 - (dx * dx + cell.dy * cell.dy) / (62.0 * 62.0);
            let outside = (cell.nuclear_radius(dx) - 1.0) * cell.short;
            let here =
                cell.brightness * near.max(0.0) * (1.0 - 0.9 * edge(outside, 8.0 + 4.0 * cell.defocus));
            if here > bodies[i].0 {
                bodies[i] = (here, cell.defocus);
            }
        });
    }
    // Threads lie along the zeros of a noise; two noises cross.
    let mut threads = vec![0f32; count];
    for (seed, log) in [(SEED + 11, 4), (SEED + 12, 4)] {
        Noise { seed, log }.each(row, count, |i, value| {
            let (body, defocus) = bodies[i];
            if body > 0.0 {
                let width = 0.09 + 0.07 * defocus + 0.03 * blur;
                let across = value / width;
                threads[i] += (0.09 / width).min(1.0) / (1.0 + across * across * across * across);
            }
        });
    }
    for ((light, thread), (body, _)) in light.iter_mut().zip(&threads).zip(&bodies) {
        *light += body * (140.0 + 1700.0 * thread);
    }
}

fn brightfield(row: &Row<'_>, cells: &[Cell], blur: f32, light: &mut [f32]) {
    let count = light.len();
    light.fill(9000.0);
    for cell in cells {
        let width = 3.0 + 2.5 * cell.defocus + blur;
        let depth = 2600.0 * cell.brightness / (1.0 + 0.25 * cell.defocus) * (3.0 / (3.0 + 0.4 * blur));
        for (radius, strength) in [(1.0f32, 0.5f32), (1.9, 1.0)] {
            let reach = (cell.long * radius + 4.0 * width).min(REACH);
            across(row, count, cell.x, (-reach, reach), |i, dx| {
                let outside = (cell.nuclear_radius(dx) - radius) * cell.short / width;
                // A bright and a dark line side by side, as phase contrast draws an edge.
                light[i] += strength * depth * outside * (0.5 - 0.5 * outside * outside).exp();
            });
        }
    }
}
