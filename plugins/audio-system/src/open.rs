//! Device, configuration and streams, on a thread of their own: a stream may not leave the thread that
//! made it on every system, and opening may take long.

use crate::callback::{Listen, Shared, Speak};
use crate::flow::{End, target};
use crate::pace::Pace;
use crate::request::Request;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Device, Error, ErrorKind, SampleFormat, Stream, StreamConfig, SupportedBufferSize,
    SupportedStreamConfigRange,
};
use plugin::{AudioCounters, Refusal, Status};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a device may take to open.
const PATIENCE: Duration = Duration::from_secs(10);
/// Room of a ring. Unit: s.
const RING_S: f64 = 0.5;
/// Formats this plugin can speak, best first.
const FORMATS: [SampleFormat; 5] = [
    SampleFormat::F32,
    SampleFormat::I16,
    SampleFormat::I32,
    SampleFormat::U16,
    SampleFormat::U8,
];

/// The media thread's ends.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(crate) microphone: Option<End<Consumer<f32>>>,
    pub(crate) loudspeaker: Option<End<Producer<f32>>>,
}

/// Running streams; they stop when this is dropped.
#[derive(Debug)]
pub(crate) struct Streams {
    shared: Arc<Shared>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Streams {
    /// Opens what is asked for and starts it. Thread: \[control\].
    pub(crate) fn open(request: &Request) -> Result<(Self, Ends), Refusal> {
        let shared = Arc::new(Shared::default());
        let (answer, answered) = channel();
        let (stop, stopped) = channel();
        let (wanted, told) = (request.clone(), Arc::clone(&shared));
        let thread = on_thread(move || live(&wanted, &told, &answer, &stopped))?;
        let streams = Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        };
        match answered.recv_timeout(PATIENCE) {
            Ok(result) => Ok((streams, result?)),
            Err(_) => {
                // It hangs inside the system: it cannot be waited for, and ends when it comes back.
                let mut streams = streams;
                streams.thread = None;
                let reason = format!(
                    "the sound device did not open within {} s",
                    PATIENCE.as_secs()
                );
                Err(Refusal::new(Status::UNAVAILABLE, reason))
            }
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.shared.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn counters(&self) -> AudioCounters {
        AudioCounters {
            xruns: self.shared.xruns.load(Ordering::Relaxed),
            underrun: self.shared.underrun.load(Ordering::Relaxed),
            overrun: self.shared.overrun.load(Ordering::Relaxed),
            ..AudioCounters::default()
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// The devices there are, as JSON. Thread: \[control\].
pub(crate) fn enumerate() -> Result<String, Refusal> {
    let thread = on_thread(|| {
        let host = cpal::default_host();
        let default = [host.default_input_device(), host.default_output_device()]
            .map(|device| device.and_then(|device| device.id().ok()));
        let devices = host
            .devices()
            .map_err(|e| refuse("the list of devices", &e))?;
        let list: Vec<_> = devices
            .filter_map(|device| {
                let (id, about) = (device.id().ok()?, device.description().ok()?);
                Some(serde_json::json!({
                    "id": id.to_string(),
                    "name": about.name(),
                    "capture": about.supports_input(),
                    "playback": about.supports_output(),
                    "default": default.contains(&Some(id)),
                }))
            })
            .collect();
        Ok(serde_json::Value::from(list).to_string())
    })?;
    let broken = |_| Refusal::new(Status::FAILED, "the system's list of devices broke off");
    thread.join().map_err(broken)?
}

/// The sound system's C library writes to stderr unless told otherwise, thread by thread.
fn on_thread<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Refusal> {
    let quiet = move || {
        #[cfg(target_os = "linux")]
        let _silence = alsa::Output::local_error_handler();
        body()
    };
    std::thread::Builder::new()
        .name("sound".into())
        .spawn(quiet)
        .map_err(|e| Refusal::new(Status::FAILED, format!("no thread for sound: {e}")))
}

/// Opens, answers, and keeps the streams until it is told to stop.
fn live(
    request: &Request,
    shared: &Arc<Shared>,
    answer: &Sender<Result<Ends, Refusal>>,
    stopped: &Receiver<()>,
) {
    let mut streams = Vec::new();
    let ends = open(request, shared, &mut streams);
    let open = ends.is_ok();
    if answer.send(ends).is_ok() && open {
        // Comes back with an error as soon as the other end is dropped.
        let _ = stopped.recv();
    }
}

fn open(
    request: &Request,
    shared: &Arc<Shared>,
    streams: &mut Vec<Stream>,
) -> Result<Ends, Refusal> {
    let host = cpal::default_host();
    let mut ends = Ends::default();
    if let Some(id) = request.microphone() {
        let device = find(&host, id, host.default_input_device(), "microphone")?;
        let configs = device
            .supported_input_configs()
            .map_err(|e| refuse("microphone", &e))?;
        let (config, format) = choose(configs, request, "microphone")?;
        let (end, stream) =
            listen(&device, config, format, shared).map_err(|e| refuse("microphone", &e))?;
        ends.microphone = Some(end);
        streams.push(stream);
    }
    if let Some(id) = request.loudspeaker() {
        let device = find(&host, id, host.default_output_device(), "loudspeaker")?;
        let configs = device
            .supported_output_configs()
            .map_err(|e| refuse("loudspeaker", &e))?;
        let (config, format) = choose(configs, request, "loudspeaker")?;
        let (end, stream) =
            speak(&device, config, format, shared).map_err(|e| refuse("loudspeaker", &e))?;
        ends.loudspeaker = Some(end);
        streams.push(stream);
    }
    for stream in streams {
        stream.play().map_err(|e| refuse("sound device", &e))?;
    }
    Ok(ends)
}

fn find(
    host: &cpal::Host,
    id: Option<&str>,
    default: Option<Device>,
    what: &str,
) -> Result<Device, Refusal> {
    let Some(id) = id else {
        return default.ok_or_else(|| none(what));
    };
    let missing = || {
        Refusal::new(
            Status::NOT_FOUND,
            format!("{what} {id:?}: there is no such device"),
        )
    };
    host.device_by_id(&id.parse().map_err(|_| missing())?)
        .ok_or_else(missing)
}

/// The configuration nearest to what we speak: our rate or 48 kHz, few channels, a format we know.
fn choose(
    configs: impl Iterator<Item = SupportedStreamConfigRange>,
    request: &Request,
    what: &str,
) -> Result<(StreamConfig, SampleFormat), Refusal> {
    let rates = [48_000, request.rate_hz, 44_100];
    let best = configs
        .filter_map(|range| {
            let format = FORMATS.iter().position(|&f| f == range.sample_format())?;
            let fits =
                |&rate: &u32| (range.min_sample_rate()..=range.max_sample_rate()).contains(&rate);
            let (place, rate) = match rates.iter().position(fits) {
                Some(place) => (place, rates[place]),
                None => (rates.len(), range.max_sample_rate()),
            };
            Some(((place, range.channels().abs_diff(2), format), range, rate))
        })
        .min_by_key(|(order, ..)| *order);
    let Some(((_, _, format), range, rate)) = best else {
        let reason = format!("{what}: it speaks none of the sample formats we know");
        return Err(Refusal::new(Status::UNSUPPORTED, reason));
    };
    // In time as long as 512 frames are at 48 kHz, and still a power of two.
    let period = (request.period * rate / 48_000).next_power_of_two().max(64);
    let buffer_size = match *range.buffer_size() {
        SupportedBufferSize::Range { min, max } if (min..=max).contains(&period) => {
            BufferSize::Fixed(period)
        }
        SupportedBufferSize::Range { .. } | SupportedBufferSize::Unknown => BufferSize::Default,
    };
    let config = StreamConfig {
        channels: range.channels(),
        sample_rate: rate,
        buffer_size,
    };
    Ok((config, FORMATS[format]))
}

fn period(config: &StreamConfig) -> usize {
    match config.buffer_size {
        BufferSize::Fixed(frames) => frames as usize,
        BufferSize::Default => config.sample_rate as usize / 50,
    }
}

fn ring(config: &StreamConfig) -> (Producer<f32>, Consumer<f32>) {
    RingBuffer::new((f64::from(config.sample_rate) * RING_S) as usize)
}

fn listen(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    shared: &Arc<Shared>,
) -> Result<(End<Consumer<f32>>, Stream), Error> {
    let (producer, consumer) = ring(&config);
    let mut to = Listen {
        ring: producer,
        channels: usize::from(config.channels),
        pace: Pace::new(config.sample_rate),
        shared: Arc::clone(shared),
    };
    let failed = report(shared);
    let stream = if format == SampleFormat::I16 {
        device.build_input_stream(config, move |d: &[i16], _: &_| to.take(d), failed, None)
    } else if format == SampleFormat::I32 {
        device.build_input_stream(config, move |d: &[i32], _: &_| to.take(d), failed, None)
    } else if format == SampleFormat::U16 {
        device.build_input_stream(config, move |d: &[u16], _: &_| to.take(d), failed, None)
    } else if format == SampleFormat::U8 {
        device.build_input_stream(config, move |d: &[u8], _: &_| to.take(d), failed, None)
    } else {
        device.build_input_stream(config, move |d: &[f32], _: &_| to.take(d), failed, None)
    };
    let end = End {
        ring: consumer,
        device_hz: config.sample_rate,
        period: period(&config),
    };
    Ok((end, stream?))
}

fn speak(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    shared: &Arc<Shared>,
) -> Result<(End<Producer<f32>>, Stream), Error> {
    let (producer, consumer) = ring(&config);
    let mut from = Speak {
        ring: consumer,
        channels: usize::from(config.channels),
        target: target(config.sample_rate, period(&config)),
        running: false,
        pace: Pace::new(config.sample_rate),
        shared: Arc::clone(shared),
    };
    let failed = report(shared);
    let stream = if format == SampleFormat::I16 {
        device.build_output_stream(
            config,
            move |d: &mut [i16], _: &_| from.fill(d),
            failed,
            None,
        )
    } else if format == SampleFormat::I32 {
        device.build_output_stream(
            config,
            move |d: &mut [i32], _: &_| from.fill(d),
            failed,
            None,
        )
    } else if format == SampleFormat::U16 {
        device.build_output_stream(
            config,
            move |d: &mut [u16], _: &_| from.fill(d),
            failed,
            None,
        )
    } else if format == SampleFormat::U8 {
        device.build_output_stream(
            config,
            move |d: &mut [u8], _: &_| from.fill(d),
            failed,
            None,
        )
    } else {
        device.build_output_stream(
            config,
            move |d: &mut [f32], _: &_| from.fill(d),
            failed,
            None,
        )
    };
    let end = End {
        ring: producer,
        device_hz: config.sample_rate,
        period: period(&config),
    };
    Ok((end, stream?))
}

/// What the system says of a running stream. Thread: \[device\].
fn report(shared: &Arc<Shared>) -> impl FnMut(Error) + Send + 'static {
    let shared = Arc::clone(shared);
    move |error| {
        let gone = [ErrorKind::DeviceNotAvailable, ErrorKind::StreamInvalidated];
        if gone.contains(&error.kind()) {
            shared.lost.store(true, Ordering::Relaxed);
        } else if error.kind() == ErrorKind::Xrun {
            shared.xruns.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn refuse(what: &str, error: &Error) -> Refusal {
    if [ErrorKind::DeviceNotAvailable, ErrorKind::HostUnavailable].contains(&error.kind()) {
        return none(what);
    }
    Refusal::new(Status::UNAVAILABLE, format!("{what}: {error}"))
}

fn none(what: &str) -> Refusal {
    let reason = format!("{what}: there is no sound device here; use audio-null or audio-file");
    Refusal::new(Status::NOT_FOUND, reason)
}
