#include "libtorch_ext/image/jpeg_reader.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <vector>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/image/check_pixels.h"

// jpeglib.h needs <cstdio> before it, jerror.h needs jpeglib.h.
#include <jpeglib.h>
// clang-format off
#include <jerror.h>
// clang-format on

namespace torch_ext {
namespace {

constexpr int kMaxScans = 500;  // a progressive file of many tiny scans costs a pass over the image for each

// Warnings after which pixels are made up. The others (an unknown JFIF revision, bytes left over before a marker) occur
// in files that every program shows.
bool spoils_pixels(int code) {
  switch (code) {
    case JWRN_HIT_MARKER:
    case JWRN_JPEG_EOF:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_ARITH_BAD_CODE:
      return true;
    default:
      return false;
  }
}

int muldiv255(int a, int b) {
  const int product = a * b + 128;
  return (product + (product >> 8)) >> 8;
}

// PIL's conversion. JPEGs hold CMYK inverted, as Adobe's programs write them.
void cmyk_to_rgb(const uint8_t* cmyk, int64_t width, uint8_t* rgb) {
  for (int64_t x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int white = cmyk[3];
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<uint8_t>(white - muldiv255(255 - cmyk[c], white));
  }
}

}  // namespace

struct JpegReader::State {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  jpeg_progress_mgr progress;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
  std::string name;
  Box box;
  int64_t skipped_columns = 0;
  std::vector<uint8_t> row;
  uint8_t* first = nullptr;  // of the row
  std::vector<uint8_t> rgb;

  // libjpeg leaves a function only by longjmp: `call` must hold nothing that has a destructor.
  template <class Call>
  void guarded(const Call& call) {
    if (setjmp(jump)) {
      jpeg_abort_decompress(&info);
      throw formats::FormatError(
          name, "is a damaged or truncated JPEG: " + std::string(message) + "; replace the file or leave it out");
    }
    call();
  }

  static State& of(j_common_ptr info) { return *static_cast<State*>(info->client_data); }
  [[noreturn]] static void on_error(j_common_ptr info) {
    State& state = of(info);
    info->err->format_message(info, state.message);
    std::longjmp(state.jump, 1);
  }
  static void on_message(j_common_ptr info, int level) {
    if (level < 0 && spoils_pixels(info->err->msg_code)) on_error(info);
  }
  static void on_progress(j_common_ptr info) {
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
    State& state = of(info);
    std::snprintf(state.message, sizeof(state.message), "found more than %d scans", kMaxScans);
    std::longjmp(state.jump, 1);
  }
  static boolean on_end_of_data(j_decompress_ptr info) {
    info->err->msg_code = JERR_INPUT_EOF;
    on_error(reinterpret_cast<j_common_ptr>(info));
  }
  static void on_skip(j_decompress_ptr info, long count) {  // NOLINT(google-runtime-int): libjpeg's type
    if (count <= 0) return;
    if (static_cast<size_t>(count) > info->src->bytes_in_buffer) on_end_of_data(info);
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= static_cast<size_t>(count);
  }
};

JpegReader::JpegReader() : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.info.err = jpeg_std_error(&s.errors);
  s.errors.error_exit = State::on_error;
  s.errors.emit_message = State::on_message;
  s.source.init_source = [](j_decompress_ptr) {};
  s.source.term_source = [](j_decompress_ptr) {};
  s.source.fill_input_buffer = State::on_end_of_data;
  s.source.skip_input_data = State::on_skip;
  s.source.resync_to_restart = jpeg_resync_to_restart;
  s.progress.progress_monitor = State::on_progress;
  s.info.client_data = &s;
  s.guarded([&s] { jpeg_create_decompress(&s.info); });
  s.info.src = &s.source;
  s.info.progress = &s.progress;
}

JpegReader::~JpegReader() { jpeg_destroy_decompress(&state_->info); }

ImageInfo JpegReader::open(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels) {
  State& s = *state_;
  s.name = name;
  jpeg_abort_decompress(&s.info);
  s.source.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
  s.source.bytes_in_buffer = bytes.size();
  s.guarded([&s] { jpeg_read_header(&s.info, TRUE); });

  const ImageInfo info{ImageFormat::kJpeg, s.info.image_height, s.info.image_width, s.info.num_components == 1 ? 1 : 3};
  if (s.info.num_components != 1 && s.info.num_components != 3 && s.info.num_components != 4) {
    throw formats::FormatError(
        name, "found a JPEG of " + std::to_string(s.info.num_components) + " components, expected 1, 3 or 4");
  }
  check_pixels(info, max_pixels, name);
  // Huffman codes take a bit at least for each block of 8 x 8.
  size_t blocks = 0;
  for (int i = 0; i < s.info.num_components; ++i) {
    blocks += size_t{s.info.comp_info[i].width_in_blocks} * s.info.comp_info[i].height_in_blocks;
  }
  if (!s.info.arith_code && blocks / 8 > bytes.size()) {
    throw formats::FormatError(name, "is a damaged or truncated JPEG: " + std::to_string(bytes.size()) +
                                         " bytes can't hold its " + std::to_string(info.height) + "x" +
                                         std::to_string(info.width) + " pixels");
  }
  return info;
}

void JpegReader::start(const Box& box, int64_t scale) {
  State& s = *state_;
  s.box = box;
  s.info.scale_num = static_cast<unsigned>(8 / scale);
  s.info.scale_denom = 8;
  s.info.out_color_space = s.info.num_components == 4 ? JCS_CMYK : JCS_RGB;
  s.guarded([&s] { jpeg_start_decompress(&s.info); });

  // A column of a subsampled image depends on its neighbours, which libjpeg doesn't know beyond the edge of its crop.
  JDIMENSION left = static_cast<JDIMENSION>(std::max<int64_t>(box.left - 1, 0));
  JDIMENSION width = static_cast<JDIMENSION>(std::min<int64_t>(box.left + box.width + 2, s.info.output_width)) - left;
  if (width < s.info.output_width) {
    s.guarded([&] { jpeg_crop_scanline(&s.info, &left, &width); });
  }
  s.skipped_columns = box.left - left;
  // To an aligned row libjpeg-turbo writes past the cache, from which it is read next.
  s.row.resize(1 + static_cast<size_t>(s.info.output_width) * static_cast<size_t>(s.info.output_components));
  s.first = s.row.data() + (reinterpret_cast<uintptr_t>(s.row.data()) % 2 == 0 ? 1 : 0);
  if (s.info.num_components == 4) s.rgb.resize(static_cast<size_t>(box.width) * 3);
  if (box.top > 0) {
    s.guarded([&] { jpeg_skip_scanlines(&s.info, static_cast<JDIMENSION>(box.top)); });
  }
}

const uint8_t* JpegReader::next_row() {
  State& s = *state_;
  s.guarded([&s] {
    JSAMPROW row = s.first;
    jpeg_read_scanlines(&s.info, &row, 1);
  });
  const uint8_t* first = s.first + s.skipped_columns * s.info.output_components;
  if (s.info.num_components != 4) return first;
  cmyk_to_rgb(first, s.box.width, s.rgb.data());
  return s.rgb.data();
}

void JpegReader::finish() {
  State& s = *state_;
  s.guarded([&s] { jpeg_finish_decompress(&s.info); });
}

}  // namespace torch_ext
